CREATE FUNCTION refuse_second_attachment(of_network integer, held inet, of_container text, of_node text, of_uid text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A claim may have several sandboxes if its pods are those of a machine, which only the pods say.
DECLARE
    owner reservations;
BEGIN
    SELECT * INTO owner FROM reservations r
     WHERE r.network_id = of_network AND r.address = held AND r.owner_kind = 'workload' FOR UPDATE;
    IF FOUND THEN
        PERFORM refuse_second_sandbox(of_network, held, owner.owner_kind, owner.owner_namespace, owner.owner_name, of_container,
                                      of_node, of_uid, 1);
    END IF;
END $$;
COMMENT ON FUNCTION refuse_second_attachment IS 'Raises address_taken if a manual attachment would be the second one of a workload.';
