CREATE FUNCTION ensure_node_slice(wanted_pool pools, wanted_cluster text, wanted_node text, slice_size integer,
                                  firsts inet[], lasts inet[])
RETURNS cidr
LANGUAGE plpgsql AS $$
-- The slice of a pool from which a node gets addresses; if it has none yet, the lowest one that no node has and that
-- overlaps the segments. A slice that no longer overlaps them (a window or a NAD has changed) is returned, unless the node
-- still uses addresses of it inside the window of the pool.
DECLARE
    own cidr;
BEGIN
    SELECT slice INTO own FROM node_slices
     WHERE pool_id = wanted_pool.id AND cluster = wanted_cluster AND node = wanted_node;
    IF FOUND AND (SELECT bool_or(f <= last_address(own) AND l >= first_address(own)) FROM unnest(firsts, lasts) AS s (f, l)) THEN
        RETURN own;
    END IF;
    -- One new node of a pool at a time.
    PERFORM FROM pools WHERE id = wanted_pool.id FOR NO KEY UPDATE;
    DELETE FROM node_slices s
     WHERE s.pool_id = wanted_pool.id AND s.cluster = wanted_cluster AND s.node = wanted_node
       AND NOT EXISTS (SELECT FROM unnest(firsts, lasts) AS part (f, l)
                        WHERE part.f <= last_address(s.slice) AND part.l >= first_address(s.slice))
       AND (last_address(s.slice) < wanted_pool.window_first OR first_address(s.slice) > wanted_pool.window_last
            OR NOT EXISTS (SELECT FROM attachments a
                            WHERE a.node = s.node AND a.cluster = s.cluster
                              AND a.network_id = wanted_pool.network_id AND a.address <<= s.slice));
    SELECT slice INTO own FROM node_slices
     WHERE pool_id = wanted_pool.id AND cluster = wanted_cluster AND node = wanted_node;
    IF FOUND THEN
        RETURN own;
    END IF;
    -- The lowest aligned slice of this size in a gap, even among slices of other sizes: each gap begins at the start of
    -- the pool, or after the aligned block in which a slice ends. In it, the first slice that overlaps a segment.
    SELECT candidate.slice INTO own FROM (
        SELECT CASE WHEN taken.slice IS NULL THEN set_masklen(first_address(wanted_pool.cidr), slice_size)
                    WHEN last_address(taken.block) < last_address(wanted_pool.cidr)
                    THEN set_masklen(last_address(taken.block) + 1, slice_size) END AS slice,
               taken.next_slice
          FROM (SELECT s.slice, set_masklen(last_address(s.slice), slice_size) AS block,
                       lead(s.slice) OVER (ORDER BY s.slice NULLS FIRST) AS next_slice
                  FROM (SELECT NULL::cidr AS slice
                        UNION ALL
                        SELECT slice FROM node_slices WHERE pool_id = wanted_pool.id) AS s) AS taken) AS gap
     CROSS JOIN unnest(firsts, lasts) AS part (f, l)
     CROSS JOIN LATERAL network(set_masklen(greatest(first_address(gap.slice), part.f), slice_size)) AS candidate (slice)
     WHERE gap.slice <<= wanted_pool.cidr AND candidate.slice <<= wanted_pool.cidr AND first_address(candidate.slice) <= part.l
       AND (gap.next_slice IS NULL OR last_address(candidate.slice) < first_address(gap.next_slice))
     ORDER BY candidate.slice LIMIT 1;
    IF NOT FOUND THEN
        -- A node that is gone, or has no pod of this pool left, gives its slice up to the one that needs it;
        -- should it come back, it gets another.
        DELETE FROM node_slices idle
         WHERE idle.pool_id = wanted_pool.id AND idle.slice = (
               SELECT s.slice FROM node_slices s
                WHERE s.pool_id = wanted_pool.id AND masklen(s.slice) = slice_size
                  AND EXISTS (SELECT FROM unnest(firsts, lasts) AS part (f, l)
                               WHERE part.f <= last_address(s.slice) AND part.l >= first_address(s.slice))
                  AND NOT EXISTS (SELECT FROM attachments a
                                   WHERE a.node = s.node AND a.cluster = s.cluster
                                     AND a.network_id = wanted_pool.network_id AND a.address <<= s.slice)
                ORDER BY s.created_at, s.slice LIMIT 1)
        RETURNING idle.slice INTO own;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'every /% slice of pool % belongs to a node', slice_size, wanted_pool.cidr
            USING ERRCODE = error_code('pool_exhausted'), HINT = 'Widen the pool, or choose smaller slices: node_slice_size.';
    END IF;
    INSERT INTO node_slices (pool_id, cluster, node, slice)
    VALUES (wanted_pool.id, wanted_cluster, wanted_node, own);
    RETURN own;
END $$;
COMMENT ON FUNCTION ensure_node_slice IS 'The slice of a pool from which a node gets addresses, assigned on its first call.';
