CREATE FUNCTION import_read_v1(wanted_network text, wanted cidr) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    SELECT set_config('rowhouse.command', 'IMPORT', true);
    INSERT INTO rowhouse.assignment_hold_pools (pool_id)
    SELECT p.id FROM rowhouse.pools p, rowhouse.assignment_hold WHERE p.network_name = wanted_network AND p.cidr = wanted
    ON CONFLICT DO NOTHING;
END;
COMMENT ON FUNCTION import_read_v1(text, cidr) IS 'Import of running pods: marks a pool as read, so that it assigns addresses again.';
