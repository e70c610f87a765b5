CREATE FUNCTION history_by_hand() RETURNS trigger
LANGUAGE plpgsql AS $$
-- Only functions and triggers of ours write history: they name the use case, or are triggers themselves. A statement of
-- a person is in the audit log. No WHEN clause: PostgreSQL would parse it for every statement, which every call
-- would pay for; no rows one by one; and neither SECURITY DEFINER nor a search path of its own, for the same reason: only
-- the tables' owner can write to them, and may write to the audit log as well.
BEGIN
    IF pg_trigger_depth() > 1 OR current_setting('rowhouse.command', true) <> '' THEN
        NULL;
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM rowhouse.record_change('tenure.insert', pg_catalog.host(n.address), NULL, pg_catalog.to_jsonb(n)) FROM new_rows n;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM rowhouse.record_change('tenure.delete', pg_catalog.host(o.address), pg_catalog.to_jsonb(o), NULL) FROM old_rows o;
    ELSE
        -- (A row whose id was changed as well is a line for what it was and one for what it is.)
        PERFORM rowhouse.record_change('tenure.update', pg_catalog.host(coalesce(o.address, n.address)),
                                       pg_catalog.to_jsonb(o), pg_catalog.to_jsonb(n))
           FROM old_rows o FULL JOIN new_rows n ON n.id = o.id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION history_by_hand() IS 'Trigger: writes a change by hand of the history into the audit log.';

CREATE TRIGGER tenures_inserted AFTER INSERT ON tenures REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION history_by_hand();
CREATE TRIGGER tenures_updated AFTER UPDATE ON tenures REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION history_by_hand();
CREATE TRIGGER tenures_deleted AFTER DELETE ON tenures REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION history_by_hand();
