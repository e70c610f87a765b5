-- Removes everything that this revision made. The roles stay: they belong to the whole cluster, and
-- another database may use them.
DROP VIEW integrity_problems, stale_reservations, pool_usage CASCADE;
DROP TABLE attachments, exclusions, quotas, tokens, idempotency_keys, node_slices, reservations, free_ranges, tenures, audit_log, pools, networks CASCADE;
DO $$
DECLARE
    routine regprocedure;
BEGIN
    FOR routine IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'rowhouse'::regnamespace LOOP
        EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', routine);
    END LOOP;
END $$;
DROP DOMAIN host_address;
DROP TYPE owner_kind;
