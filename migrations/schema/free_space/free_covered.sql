CREATE FUNCTION free_covered(run_network integer, run_first inet, run_last inet, run_free_from timestamptz)
RETURNS void
LANGUAGE plpgsql AS $$
-- The largest pools are enough: they do not overlap.
DECLARE
    pool pools;
BEGIN
    FOR pool IN
        SELECT * FROM pools p WHERE p.network_id = run_network
           AND last_address(p.cidr) >= run_first AND first_address(p.cidr) <= run_last
           AND NOT EXISTS (SELECT FROM pools larger WHERE larger.network_id = p.network_id AND larger.cidr >> p.cidr)
    LOOP
        PERFORM free_unless_withheld(run_network, greatest(run_first, first_address(pool.cidr)),
                                     least(run_last, last_address(pool.cidr)), run_free_from);
    END LOOP;
END $$;
COMMENT ON FUNCTION free_covered(integer, inet, inet, timestamptz) IS
    'Adds the parts of a run that a pool covers to the free space, without withheld and reserved addresses.';
