CREATE FUNCTION record_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- For tables that fill again by themselves: a TRUNCATE is allowed, but recorded.
BEGIN
    PERFORM record_change('table.truncate', TG_TABLE_NAME, NULL, NULL);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION record_truncate() IS 'Trigger: records a TRUNCATE in the audit log.';

CREATE TRIGGER idempotency_keys_truncate AFTER TRUNCATE ON idempotency_keys EXECUTE FUNCTION record_truncate();
CREATE TRIGGER fill_samples_truncate AFTER TRUNCATE ON fill_samples EXECUTE FUNCTION record_truncate();
CREATE TRIGGER usage_periods_truncate AFTER TRUNCATE ON usage_periods EXECUTE FUNCTION record_truncate();
CREATE TRIGGER pool_trends_truncate AFTER TRUNCATE ON pool_trends EXECUTE FUNCTION record_truncate();
CREATE TRIGGER sessions_truncate AFTER TRUNCATE ON sessions EXECUTE FUNCTION record_truncate();
CREATE TRIGGER mirrors_truncate AFTER TRUNCATE ON mirrors EXECUTE FUNCTION record_truncate();
CREATE TRIGGER mirror_changes_truncate AFTER TRUNCATE ON mirror_changes EXECUTE FUNCTION record_truncate();
CREATE TRIGGER nodes_truncate AFTER TRUNCATE ON nodes EXECUTE FUNCTION record_truncate();
CREATE TRIGGER events_truncate AFTER TRUNCATE ON events EXECUTE FUNCTION record_truncate();
CREATE TRIGGER allocation_failures_truncate AFTER TRUNCATE ON allocation_failures EXECUTE FUNCTION record_truncate();
