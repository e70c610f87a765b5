CREATE FUNCTION in_slice(wanted_pool integer, wanted_cluster text, wanted_node text, slice_size integer,
                         INOUT firsts inet[], INOUT lasts inet[])
LANGUAGE plpgsql AS $$
-- The parts of the segments inside the node's slice of the pool.
DECLARE
    pool  pools;
    slice cidr;
BEGIN
    IF firsts IS NULL THEN
        RETURN;
    END IF;
    SELECT * INTO pool FROM pools WHERE id = wanted_pool;
    slice := ensure_node_slice(pool, wanted_cluster, wanted_node, slice_size, firsts, lasts);
    SELECT array_agg(greatest(f, first_address(slice)) ORDER BY f),
           array_agg(least(l, last_address(slice)) ORDER BY f) INTO firsts, lasts
      FROM unnest(firsts, lasts) AS s (f, l)
     WHERE f <= last_address(slice) AND l >= first_address(slice);
END $$;
COMMENT ON FUNCTION in_slice IS 'The parts of some segments that lie in a node''s slice of a pool.';
