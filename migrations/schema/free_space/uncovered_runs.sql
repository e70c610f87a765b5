CREATE FUNCTION uncovered_runs(wanted_network integer, wanted cidr, except_pool integer)
RETURNS TABLE (run_first inet, run_last inet)
LANGUAGE plpgsql STABLE AS $$
-- The parts of a CIDR that no other pool of the network covers. CIDRs are nested or disjoint, so the
-- gaps are between the largest ones inside, in order. Of pools that one statement creates, each counts for those after
-- it: all of them exist before the trigger of the first one runs.
DECLARE
    made_by    xid := (SELECT xmin FROM pools WHERE id = except_pool);
    inner_cidr cidr;
    position   inet := first_address(wanted);
    covered    boolean := false;
BEGIN
    IF EXISTS (SELECT FROM pools WHERE network_id = wanted_network AND id <> except_pool AND cidr >>= wanted
                  AND (id < except_pool OR xmin IS DISTINCT FROM made_by)) THEN
        RETURN;
    END IF;
    FOR inner_cidr IN
        SELECT p.cidr FROM pools p
         WHERE p.network_id = wanted_network AND p.id <> except_pool AND p.cidr << wanted
           AND (p.id < except_pool OR p.xmin IS DISTINCT FROM made_by)
           AND NOT EXISTS (SELECT FROM pools larger
                            WHERE larger.network_id = wanted_network AND larger.id <> except_pool
                              AND (larger.id < except_pool OR larger.xmin IS DISTINCT FROM made_by)
                              AND larger.cidr >> p.cidr AND larger.cidr << wanted)
         ORDER BY p.cidr
    LOOP
        IF first_address(inner_cidr) > position THEN
            RETURN QUERY SELECT position, first_address(inner_cidr) - 1;
        END IF;
        covered := last_address(inner_cidr) = last_address(wanted);
        EXIT WHEN covered;
        position := last_address(inner_cidr) + 1;
    END LOOP;
    IF NOT covered THEN
        RETURN QUERY SELECT position, last_address(wanted);
    END IF;
END $$;
COMMENT ON FUNCTION uncovered_runs(integer, cidr, integer) IS 'The parts of a CIDR that no other pool of the network covers.';
