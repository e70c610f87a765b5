CREATE FUNCTION has_unnamed_v1() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Whether any imported address still has no interface; empties the table when all of them are complete.
BEGIN
    IF EXISTS (SELECT FROM imported_unnamed u
                WHERE EXISTS (SELECT FROM reservations r WHERE r.network_id = u.network_id AND r.address = u.address
                                 AND r.owner_interface = '' AND r.owner_kind = 'pod')) THEN
        RETURN true;
    END IF;
    DELETE FROM imported_unnamed u
     WHERE NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = u.network_id AND r.address = u.address
                          AND r.owner_interface = '' AND r.owner_kind = 'pod');
    RETURN false;
END $$;
COMMENT ON FUNCTION has_unnamed_v1() IS 'Whether any imported address still has no interface.';
