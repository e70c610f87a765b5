CREATE FUNCTION attachment_by_hand() RETURNS trigger
LANGUAGE plpgsql AS $$
-- Each ADD fires it: without a SET clause, and with the check in a function of its own, it costs an ADD less than 1 %.
BEGIN
    IF coalesce(current_setting('rowhouse.command', true), '') = '' THEN
        PERFORM rowhouse.refuse_second_attachment(NEW.network_id, NEW.address, NEW.container_id, NEW.node, NEW.pod_uid);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION attachment_by_hand() IS 'Trigger: a manual statement cannot give a workload a second sandbox.';

CREATE TRIGGER attachments_second AFTER INSERT OR UPDATE OF network_id, address, container_id, node, pod_uid ON attachments
    FOR EACH ROW EXECUTE FUNCTION attachment_by_hand();
