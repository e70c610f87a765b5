-- Reads the views and what else the twenty questions of docs/dba.md are about, and calls the reading functions.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_auditor') THEN
        GRANT USAGE ON SCHEMA rowhouse TO rowhouse_auditor;
        GRANT SELECT ON current_reservations, address_history, attached_tenures, lasting_attachments, pool_usage, stale_reservations, integrity_problems, audit_log, audit_changes, error_codes,
                        gateways, exclusions, fill_samples, usage_periods, pool_trends,
                        networks, pools, pool_names, free_ranges, quotas, comments, saved_views, requests, current_requests, nodes
            TO rowhouse_auditor;
        GRANT EXECUTE ON FUNCTION error_code, audit_key, held_by, who_had, ran_on, of_container, in_prefix, explain_address, pool_fill, is_excluded, is_withheld, is_on_request, on_request_count, special_use, address_count, why_withheld,
                                  pool_window, pool_counts, first_address, last_address, first_usable, last_usable,
                                  address_number, address_key, network_key, network_keys, address_span, is_open_tenure, is_plain, inetrange(inet, inet)
            TO rowhouse_auditor;
    END IF;
END $$;
