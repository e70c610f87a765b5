CREATE FUNCTION mirror_report_v1(of_cluster text, report jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    UPDATE mirrors AS m SET report = mirror_report_v1.report, reported_at = clock_timestamp() WHERE m.cluster = of_cluster;
END;
COMMENT ON FUNCTION mirror_report_v1 IS 'Stores the report of a cluster''s mirror.';
