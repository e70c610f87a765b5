CREATE FUNCTION has_free(wanted_network integer, firsts inet[], lasts inet[]) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Volatile on purpose: a statement of a volatile function sees what was committed meanwhile. One
-- statement on purpose: segment by segment, a free address that moves would be missed in each.
BEGIN
    -- Only the first run that ends in or after a segment needs to be read.
    RETURN EXISTS (
        SELECT FROM unnest(firsts, lasts) AS segment (first, last)
         WHERE (SELECT run.first FROM free_ranges run
                 WHERE run.network_id = wanted_network AND NOT run.quarantined AND run.last >= segment.first
                 ORDER BY run.last LIMIT 1) <= segment.last);
END $$;
COMMENT ON FUNCTION has_free(integer, inet[], inet[]) IS 'Whether any address of some segments of a network is free.';
