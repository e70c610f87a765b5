CREATE FUNCTION join_reservations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- The weaker lock of wait_for_reservations(), before a row or a network is locked.
BEGIN
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION join_reservations() IS
    'Trigger: locks reservations before a pool is created or changed, in the same order as all callers.';

CREATE TRIGGER pools_change_with_reservations BEFORE INSERT OR UPDATE ON pools
    FOR EACH STATEMENT EXECUTE FUNCTION join_reservations();
