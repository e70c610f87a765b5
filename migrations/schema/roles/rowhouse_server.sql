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
        GRANT INSERT, DELETE ON comments TO rowhouse_server;
        GRANT INSERT, UPDATE, DELETE ON saved_views TO rowhouse_server;

        -- CNI
        GRANT EXECUTE ON FUNCTION attach_v1, attach_v2, attach_many_v1, detach_many_v1, available_v1, join_shared_space_v1,
                                  note_allocation_failures_v1, note_allocation_failures_v2
            TO rowhouse_server;
        -- Agents of nodes
        GRANT EXECUTE ON FUNCTION report_node_v1
            TO rowhouse_server;
        -- The API, the command line and the pages
        GRANT EXECUTE ON FUNCTION act_as, reserve_v1, reserve_v2, release_v1, release_v2, reassign_v1, edit_v1, label_v1, request_v1, decide_request_v1, hold_v1, resume_v1, change_pool_v1,
                                  explain_address, history_is_small, pool_fill, sample_fill_v1, sum_usage_v1, held_by, who_had, ran_on, of_container, in_prefix
            TO rowhouse_server;
        -- The controller
        GRANT EXECUTE ON FUNCTION sandboxes_v1, reclaim_v1, idle_owners_v1, release_owners_v1, renew_owners_v1,
                                  take_allocation_failures_v1, prune_requests_v1
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
        -- Used by views and statements
        GRANT EXECUTE ON FUNCTION audit_key, serves_code_of, error_code, is_excluded, is_withheld, is_on_request, on_request_count, special_use, why_withheld, pool_window, window_counts, pool_counts,
                                  first_address, last_address, first_usable, last_usable, address_number, address_count, address_key,
                                  network_key, network_keys,
                                  address_span, is_open_tenure, is_plain, inetrange(inet, inet)
            TO rowhouse_server;
    END IF;
END $$;
