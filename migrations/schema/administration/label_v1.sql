CREATE FUNCTION label_v1(actor text, request_id text, wanted_network integer, wanted inet, expected_tenure bigint,
                         added jsonb, removed text[])
RETURNS SETOF reservations
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Removes labels of a reservation by their keys, then adds others; the rest stays as it is when the call has the row, so
-- that two calls at once both take effect. Raises outdated unless the tenure is the expected one (NULL: any).
DECLARE
    held reservations;
BEGIN
    SELECT * INTO held FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted FOR UPDATE;
    IF FOUND AND held.tenure_id <> expected_tenure THEN
        RAISE EXCEPTION 'address % now has another owner: %', host(wanted),
            concat_ws('/', nullif(held.owner_namespace, ''), held.owner_name)
            USING ERRCODE = error_code('outdated'), HINT = 'Check the new owner, and set the labels again if that is still right.';
    END IF;
    RETURN QUERY SELECT * FROM edit_v1(actor, request_id, wanted_network, wanted, NULL, false, NULL,
                                       (coalesce(held.labels, '{}') - removed) || added);
END $$;
COMMENT ON FUNCTION label_v1 IS 'Adds and removes labels of a reservation, unless it has another tenure than the caller has seen.';
