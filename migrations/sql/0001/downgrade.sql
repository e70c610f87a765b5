-- Removes everything that this revision made. The roles stay: they belong to the whole cluster, and
-- another database may use them.
DROP VIEW integrity_problems, stale_reservations, pool_usage CASCADE;
DROP TABLE plain_pools, assignment_hold_pools, assignment_hold, attachments, exclusions, gateways, quotas, tokens, idempotency_keys, node_slices, reservations, free_ranges, tenures, audit_log, pools, networks CASCADE;
DROP TYPE inetrange CASCADE;
DO $$
BEGIN
    -- In one statement: what depends on another routine may go in any order.
    EXECUTE (SELECT format('DROP ROUTINE %s CASCADE', string_agg(oid::regprocedure::text, ', '))
               FROM pg_proc WHERE pronamespace = 'rowhouse'::regnamespace);
END $$;
DROP DOMAIN host_address;
DROP TYPE owner_kind, policy_source;
