CREATE FUNCTION refuse_second_sandbox(
    of_network integer, held inet, of_kind owner_kind, of_namespace text, of_name text, of_container text, of_node text,
    of_uid text, range_no integer)
RETURNS void
LANGUAGE plpgsql AS $$
-- A workload has one sandbox at a time, and so has a claim of plain pods. A later sandbox of the same pod (uid) on the same
-- node replaces the earlier one; any other may still run. The caller has locked the reservation.
DECLARE
    other attachments;
BEGIN
    SELECT * INTO other FROM attachments a
     WHERE a.network_id = of_network AND a.address = held AND a.container_id <> of_container
       AND (a.node, a.pod_uid) IS DISTINCT FROM (of_node, of_uid) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'address % of % %/% is in use by sandbox % on node "%"',
            host(held), of_kind, of_namespace, of_name, other.container_id, other.node
            USING ERRCODE = error_code('address_taken'), DETAIL = range_no,
                  HINT = 'It is free again once that pod has ended. If its node is down, the controller waits until the node is back or fenced.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_second_sandbox IS 'Raises address_taken if another sandbox uses the address of an owner that may have one only.';
