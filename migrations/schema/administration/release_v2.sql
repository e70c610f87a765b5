-- The address may get another owner after a page was loaded and before the user clicks.

CREATE FUNCTION release_v2(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean,
                           expected_tenure bigint)
RETURNS SETOF reservations
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- As release_v1; raises outdated unless the tenure is the expected one (NULL: any).
DECLARE
    held reservations;
BEGIN
    SELECT * INTO held FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted FOR UPDATE;
    IF FOUND AND held.tenure_id <> expected_tenure THEN
        RAISE EXCEPTION 'address % now has another owner: %', host(wanted),
            concat_ws('/', nullif(held.owner_namespace, ''), held.owner_name)
            USING ERRCODE = error_code('outdated'), HINT = 'Check the new owner, and release the address again if that is still right.';
    END IF;
    RETURN QUERY SELECT * FROM release_v1(actor, request_id, wanted_network, wanted, even_attached);
END $$;
COMMENT ON FUNCTION release_v2 IS 'Releases one reservation, unless it has another tenure than the caller has seen.';
