CREATE FUNCTION release_v1(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean)
RETURNS SETOF reservations
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Releases one reservation; one that a sandbox uses only if even_attached.
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    held    reservations;
    used    attachments;
BEGIN
    PERFORM act_as(actor, request_id);
    SELECT * INTO held FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'address % is not reserved', host(wanted)
            USING ERRCODE = error_code('not_found'), HINT = '`rowhouse explain` shows its state.';
    END IF;
    SELECT * INTO used FROM attachments a WHERE a.network_id = wanted_network AND a.address = wanted LIMIT 1;
    IF FOUND AND NOT even_attached THEN
        RAISE EXCEPTION 'address % is in use by sandbox % on node %', host(wanted), used.container_id, used.node
            USING ERRCODE = error_code('in_the_way'),
                  HINT = 'A running pod would keep using it. Delete the pod, or pass `force` if the sandbox is gone.';
    END IF;
    PERFORM record_attachments(wanted_network, wanted);
    DELETE FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted;
    PERFORM record_change('reservation.delete', host(wanted), to_jsonb(held), NULL);
    RETURN NEXT held;
END $$;
COMMENT ON FUNCTION release_v1 IS 'Releases one reservation.';
