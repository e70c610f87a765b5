-- Before the roll-out: the code of the release before goes on working.

-- schema/tables/nodes.sql
-- Each node writes its row once a minute, and no index covers what a report changes: the update is heap-only (HOT), and
-- fillfactor leaves room for it in the page. Nothing that assigns addresses reads this table.

CREATE TABLE nodes (
    cluster        text NOT NULL,
    node           text NOT NULL CHECK (node <> ''),
    plugin_version text NOT NULL,
    agent_version  text NOT NULL,
    kept_dels      bigint NOT NULL CHECK (kept_dels >= 0),
    kept_bytes     bigint NOT NULL CHECK (kept_bytes >= 0),
    started_at     timestamptz NOT NULL,
    first_seen     timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (cluster, node)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE nodes IS 'The last report of each node''s agent. Neither history nor audit log: a later report replaces it.';
COMMENT ON COLUMN nodes.cluster IS 'Cluster of the node; '''' is a cluster without a name.';
COMMENT ON COLUMN nodes.node IS 'Name of the node in its cluster.';
COMMENT ON COLUMN nodes.plugin_version IS 'Version of the installed CNI plugin; '''' if the agent does not know it.';
COMMENT ON COLUMN nodes.agent_version IS 'Version of the agent; '''' if it does not tell.';
COMMENT ON COLUMN nodes.kept_dels IS 'DELs that the node keeps until a server takes them.';
COMMENT ON COLUMN nodes.kept_bytes IS 'Size of these DELs on the node''s disk, in bytes.';
COMMENT ON COLUMN nodes.started_at IS 'When the agent started, by the clock of the node.';
COMMENT ON COLUMN nodes.first_seen IS 'When the node first reported, by the clock of the database.';
COMMENT ON COLUMN nodes.last_seen IS 'When the node last reported, by the clock of the database.';
COMMENT ON INDEX nodes_pkey IS 'One row per node of a cluster.';

-- schema/history/record_truncate.sql
CREATE OR REPLACE FUNCTION record_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- For tables that can be filled again: a TRUNCATE is allowed, but not unseen.
BEGIN
    PERFORM record_change('table.truncate', TG_TABLE_NAME, NULL, NULL);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION record_truncate() IS 'Trigger: writes a TRUNCATE into the audit log.';

CREATE OR REPLACE TRIGGER idempotency_keys_truncate AFTER TRUNCATE ON idempotency_keys EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER fill_samples_truncate AFTER TRUNCATE ON fill_samples EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER pool_trends_truncate AFTER TRUNCATE ON pool_trends EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER sessions_truncate AFTER TRUNCATE ON sessions EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER mirrors_truncate AFTER TRUNCATE ON mirrors EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER mirror_changes_truncate AFTER TRUNCATE ON mirror_changes EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER nodes_truncate AFTER TRUNCATE ON nodes EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER allocation_failures_truncate AFTER TRUNCATE ON allocation_failures EXECUTE FUNCTION record_truncate();

-- schema/nodes/report_node_v1.sql
CREATE OR REPLACE FUNCTION report_node_v1(of_cluster text, of_node text, plugin_version text, agent_version text, kept_dels bigint,
                               kept_bytes bigint, started_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '1s'
AS $$
-- The commit does not wait for the disk or for a standby: a lost report is replaced a minute later.
#variable_conflict use_variable
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    INSERT INTO nodes AS n (cluster, node, plugin_version, agent_version, kept_dels, kept_bytes, started_at)
    VALUES (of_cluster, of_node, plugin_version, agent_version, kept_dels, kept_bytes, started_at)
    ON CONFLICT ON CONSTRAINT nodes_pkey DO UPDATE
       SET plugin_version = excluded.plugin_version, agent_version = excluded.agent_version,
           kept_dels = excluded.kept_dels, kept_bytes = excluded.kept_bytes, started_at = excluded.started_at,
           last_seen = clock_timestamp();
END $$;
COMMENT ON FUNCTION report_node_v1 IS 'Stores the report of a node''s agent in place of its last one.';

-- schema/roles/rowhouse_server.sql
-- What the server calls, reads and manages. It may neither remove history nor write lines of the audit log at will
-- (prune_v1, prune_audit_v1, record_v1, repair_v1): `rowhouse db prune` and `rowhouse db repair` are for a member of rowhouse_owner.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_server') THEN
        GRANT USAGE ON SCHEMA rowhouse TO rowhouse_server;
        GRANT SELECT ON ALL TABLES IN SCHEMA rowhouse TO rowhouse_server;
        GRANT INSERT, UPDATE, DELETE ON networks, pools, node_slices, exclusions, gateways, quotas, tokens, idempotency_keys
            TO rowhouse_server;
        GRANT INSERT, DELETE ON sessions TO rowhouse_server;

        -- CNI
        GRANT EXECUTE ON FUNCTION attach_v1, attach_many_v1, detach_many_v1, available_v1, join_shared_space_v1,
                                  note_allocation_failures_v1
            TO rowhouse_server;
        -- Agents of nodes
        GRANT EXECUTE ON FUNCTION report_node_v1
            TO rowhouse_server;
        -- The API, the command line and the pages
        GRANT EXECUTE ON FUNCTION act_as, reserve_v1, release_v1, release_v2, reassign_v1, hold_v1, resume_v1,
                                  explain_address, pool_fill, sample_fill_v1, held_by, who_had, ran_on, of_container, in_prefix
            TO rowhouse_server;
        -- The controller
        GRANT EXECUTE ON FUNCTION sandboxes_v1, reclaim_v1, take_allocation_failures_v1
            TO rowhouse_server;
        -- Its mirror
        GRANT EXECUTE ON FUNCTION mirror_on_v1, mirror_off_v1, mirror_changes_v1, mirror_writers_v1, mirror_again_v1,
                                  mirror_report_v1, mirrored_pools_v1, mirrored_slices_v1, mirrored_addresses_v1,
                                  mirror_unknown_v1
            TO rowhouse_server;
        -- Imports, and calls that mean what was imported
        GRANT EXECUTE ON FUNCTION import_pool_v1, import_addresses_v1, import_release_v1, import_record_v1, import_read_v1,
                                  import_gateways_v1, import_stale_v1, imported_sandbox_v1, adopt_sandbox_v1,
                                  adopt_owner_v1, has_unnamed_v1
            TO rowhouse_server;
        -- What views and statements are made of
        GRANT EXECUTE ON FUNCTION audit_key, serves_code_of, error_code, is_excluded, is_withheld, why_withheld, pool_window, window_counts, pool_counts,
                                  first_address, last_address, first_usable, last_usable, address_number, address_key,
                                  network_key, network_keys,
                                  address_span, is_open_tenure, is_plain, inetrange(inet, inet)
            TO rowhouse_server;
    END IF;
END $$;

-- schema/roles/rowhouse_auditor.sql
-- Reads the views and what else the twenty questions of docs/dba.md are about, and calls the reading functions.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_auditor') THEN
        GRANT USAGE ON SCHEMA rowhouse TO rowhouse_auditor;
        GRANT SELECT ON current_reservations, address_history, attached_tenures, pool_usage, stale_reservations, integrity_problems, audit_log, audit_changes, error_codes,
                        gateways, exclusions, fill_samples, pool_trends,
                        networks, pools, free_ranges, quotas, nodes
            TO rowhouse_auditor;
        GRANT EXECUTE ON FUNCTION error_code, audit_key, held_by, who_had, ran_on, of_container, in_prefix, explain_address, pool_fill, is_excluded, is_withheld, why_withheld,
                                  pool_window, pool_counts, first_address, last_address, first_usable, last_usable,
                                  address_number, address_key, network_key, network_keys, address_span, is_open_tenure, is_plain, inetrange(inet, inet)
            TO rowhouse_auditor;
    END IF;
END $$;

-- schema/roles/roles.sql
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
END $$;

-- By default, PostgreSQL lets every role call a new function.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA rowhouse FROM PUBLIC;

-- schema/roles/rowhouse_owner.sql
-- Everything in the schema.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_owner') THEN
        GRANT ALL ON SCHEMA rowhouse TO rowhouse_owner;
        GRANT ALL ON ALL TABLES IN SCHEMA rowhouse TO rowhouse_owner;
        GRANT ALL ON ALL FUNCTIONS IN SCHEMA rowhouse TO rowhouse_owner;
    END IF;
END $$;

-- schema/roles/ownership.sql
-- Gives the schema and all in it to rowhouse_owner, so that any login of that role can migrate. It does so where the
-- migrating user owns them and may set that role; a user who may grant the role, having made it, takes it first.
DO $$
DECLARE
    one record;
    -- PostgreSQL 16 tells membership from the right to become the role.
    becoming text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_owner') THEN
        RETURN;
    END IF;
    IF NOT pg_has_role('rowhouse_owner', becoming) THEN
        BEGIN
            EXECUTE format('GRANT rowhouse_owner TO %I', current_user);
        EXCEPTION
            WHEN insufficient_privilege THEN RETURN;
        END;
    END IF;
    FOR one IN
        SELECT 'SCHEMA rowhouse' AS object, nspowner AS owner FROM pg_namespace
         WHERE nspname = 'rowhouse' AND has_database_privilege(current_database(), 'CREATE')
        UNION ALL
        -- ALTER TABLE is for views as well. A sequence of a column goes with its table.
        SELECT format('TABLE %s', c.oid::regclass), c.relowner FROM pg_class c
         WHERE c.relnamespace = 'rowhouse'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
                              AND d.deptype IN ('a', 'i'))
        UNION ALL
        -- The functions of a range type are the bootstrap superuser's, whichever role makes the type.
        SELECT format('ROUTINE %s', p.oid::regprocedure), p.proowner FROM pg_proc p
         WHERE p.pronamespace = 'rowhouse'::regnamespace
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
        UNION ALL
        SELECT format('TYPE %s', oid::regtype), typowner FROM pg_type
         WHERE typnamespace = 'rowhouse'::regnamespace
           AND (typtype IN ('d', 'e', 'r', 'm')
                -- Not the type of a table's rows.
                OR EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND c.relkind = 'c'))
    LOOP
        IF one.owner <> 'rowhouse_owner'::regrole AND pg_has_role(one.owner, 'USAGE') THEN
            BEGIN
                EXECUTE format('ALTER %s OWNER TO rowhouse_owner', one.object);
            EXCEPTION
                -- A multirange type goes with its range, in newer versions of PostgreSQL.
                WHEN wrong_object_type THEN NULL;
            END;
        END IF;
    END LOOP;
END $$;
