-- Three roles, none of which can log in: grant them to the users that do.
--   rowhouse_owner    owns the schema and runs migrations
--   rowhouse_server   what the server may do: call the functions, manage pools; no DDL, no rewriting of history
--   rowhouse_auditor  reads the views and calls the reading functions, nothing else
-- Roles belong to the whole cluster and outlive the schema. Where the migrating user may not create
-- roles, a DBA creates them first; without them nothing is granted.

DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['rowhouse_owner', 'rowhouse_server', 'rowhouse_auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE WARNING 'role % does not exist and % may not create it', role, current_user;
            END;
        END IF;
    END LOOP;

    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA rowhouse FROM PUBLIC;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_server') THEN
        GRANT USAGE ON SCHEMA rowhouse TO rowhouse_server;
        GRANT SELECT ON ALL TABLES IN SCHEMA rowhouse TO rowhouse_server;
        GRANT INSERT, UPDATE, DELETE ON networks, pools, node_slices, exclusions, gateways, quotas, tokens, idempotency_keys
            TO rowhouse_server;
        GRANT EXECUTE ON FUNCTION attach_v1, attach_many_v1, detach_v1, detach_many_v1, available_v1, reserve_v1, release_v1, reassign_v1, prune_v1, sandboxes_v1, reclaim_v1, join_shared_space_v1, hold_v1, resume_v1,
                                  record_v1, act_as, explain_address, is_excluded, is_withheld, why_withheld, pool_fill, held_by, who_had, pool_window, usable_addresses,
                                  first_address, last_address, first_usable, last_usable, address_number, address_key,
                                  address_span, is_open_tenure, is_plain, inetrange(inet, inet)
            TO rowhouse_server;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_auditor') THEN
        GRANT USAGE ON SCHEMA rowhouse TO rowhouse_auditor;
        GRANT SELECT ON current_reservations, address_history, pool_usage, stale_reservations, integrity_problems, audit_log
            TO rowhouse_auditor;
        GRANT SELECT ON gateways, exclusions TO rowhouse_auditor;
        GRANT EXECUTE ON FUNCTION held_by, who_had, explain_address, is_excluded, is_withheld, why_withheld, pool_fill, pool_window, usable_addresses,
                                  first_address, last_address, first_usable, last_usable, address_number, address_key,
                                  address_span, is_open_tenure, is_plain, inetrange(inet, inet)
            TO rowhouse_auditor;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_owner') THEN
        GRANT ALL ON SCHEMA rowhouse TO rowhouse_owner;
        GRANT ALL ON ALL TABLES IN SCHEMA rowhouse TO rowhouse_owner;
        GRANT ALL ON ALL FUNCTIONS IN SCHEMA rowhouse TO rowhouse_owner;
    END IF;
END $$;
