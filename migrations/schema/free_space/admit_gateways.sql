CREATE FUNCTION admit_gateways(of_network integer, run_first inet, run_last inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Lets a forced reservation take the gateways from run_first to run_last: it frees them first. They are withheld again
-- when they are released. No gateway changes meanwhile, because the network is locked.
BEGIN
    IF is_forced() AND EXISTS (SELECT FROM gateways g WHERE g.network_id = of_network AND g.address BETWEEN run_first AND run_last) THEN
        PERFORM FROM networks WHERE id = of_network FOR NO KEY UPDATE;
        INSERT INTO free_ranges (network_id, first, last, free_from)
        SELECT DISTINCT of_network, g.address, g.address, timestamptz '-infinity'
          FROM gateways g
         WHERE g.network_id = of_network AND g.address BETWEEN run_first AND run_last
           AND NOT is_kept_out(of_network, g.address)
           AND NOT EXISTS (SELECT FROM free_ranges f WHERE f.network_id = of_network AND f.last >= g.address AND f.first <= g.address);
    END IF;
END $$;
COMMENT ON FUNCTION admit_gateways(integer, inet, inet) IS 'Lets a forced reservation take gateways.';
