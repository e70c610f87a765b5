CREATE FUNCTION wait_for_reservations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Until this transaction ends, no other one takes or returns an address: each of them first takes a weaker lock on this
-- table. So a transaction that waits for this one holds no lock that this one needs, and none that read a pool or an
-- exclusion before its change acts on it afterwards.
BEGIN
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION wait_for_reservations() IS
    'Trigger: waits for running allocations, and blocks new ones until the transaction ends.';

-- Without it, an address could be in no pool.
CREATE TRIGGER pools_go_alone BEFORE DELETE ON pools
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
-- A pool's window and gateway are checked against what is attached, and those who read the pool before act on it.
-- Only for these columns: attach_v1() holds a weaker lock when it changes others.
CREATE TRIGGER pools_change_alone BEFORE UPDATE OF gateway, window_first, window_last ON pools
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
-- So no ADD by the alias is running that refuse_used_alias() does not see.
CREATE TRIGGER pool_names_go_alone BEFORE DELETE ON pool_names
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
-- An ADD that found its gateway known must not be given it because the gateway was forgotten meanwhile.
CREATE TRIGGER gateways_go_alone BEFORE DELETE ON gateways
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
-- Without it an address that is released at this moment could be free though excluded, or neither.
CREATE TRIGGER exclusions_change_alone BEFORE INSERT OR DELETE ON exclusions
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
CREATE TRIGGER quotas_change_alone BEFORE INSERT OR UPDATE OR DELETE ON quotas
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
CREATE TRIGGER assignment_hold_change_alone BEFORE INSERT OR UPDATE OR DELETE ON assignment_hold
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
CREATE TRIGGER assignment_hold_pools_change_alone BEFORE UPDATE OR DELETE ON assignment_hold_pools
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
