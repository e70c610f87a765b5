CREATE FUNCTION pool_counts(wanted_pools integer[] DEFAULT NULL)
RETURNS TABLE (pool_id integer, total numeric, reserved bigint, reserved_by_overlaps bigint, attached bigint, sticky bigint,
               used bigint, quarantined bigint, excluded numeric, free numeric, percent_used numeric)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1000 SET search_path = rowhouse, pg_temp SET jit = off SET max_parallel_workers_per_gather = 0
BEGIN ATOMIC
    -- How full pools are. Pages, API, metrics, command line, samples and pool_usage all read this.
    --
    -- An address that overlapping pools share is used in each of them, whichever assigned it; "reserved" alone counts a
    -- pool's own reservations, so over all pools each counts once.
    WITH wanted AS MATERIALIZED (
        SELECT p.id, p.network_id, p.cidr, first_address(p.cidr)::inet AS low, last_address(p.cidr)::inet AS high,
               coalesce(p.window_first, first_usable(p.cidr))::inet AS first,
               coalesce(p.window_last, last_usable(p.cidr))::inet AS last
          FROM pools p WHERE wanted_pools IS NULL OR p.id = ANY (wanted_pools)),
    own AS (
        -- All pools by one pass over the reservations, some of them by their addresses.
        SELECT r.pool_id AS id, count(*) AS reserved, count(*) FILTER (WHERE r.container_id <> '') AS attached,
               count(*) FILTER (WHERE r.sticky) AS sticky
          FROM reservations r WHERE wanted_pools IS NULL GROUP BY r.pool_id
        UNION ALL
        SELECT w.id, r.reserved, r.attached, r.sticky
          FROM wanted w CROSS JOIN LATERAL (
               SELECT count(*) AS reserved, count(*) FILTER (WHERE r.container_id <> '') AS attached,
                      count(*) FILTER (WHERE r.sticky) AS sticky
                 FROM reservations r
                WHERE r.network_id = w.network_id AND r.address BETWEEN w.low AND w.high AND r.pool_id = w.id) AS r
         WHERE wanted_pools IS NOT NULL),
    overlapping AS (
        SELECT w.id, sum(r.reserved)::bigint AS reserved
          FROM wanted w
         CROSS JOIN LATERAL (SELECT p.id, p.cidr FROM pools p
                              WHERE p.network_id = w.network_id AND p.cidr && w.cidr AND p.id <> w.id OFFSET 0) AS other
         CROSS JOIN LATERAL (SELECT count(*) AS reserved FROM reservations r
                              WHERE r.network_id = w.network_id AND r.pool_id = other.id
                                AND r.address BETWEEN greatest(w.low, first_address(other.cidr))
                                                  AND least(w.high, last_address(other.cidr))) AS r
         GROUP BY w.id),
    held AS MATERIALIZED (
        SELECT w.id, w.network_id, w.first, w.last, row_number() OVER (ORDER BY w.id) AS ordinal,
               coalesce(own.reserved, 0) AS reserved, coalesce(own.attached, 0) AS attached, coalesce(own.sticky, 0) AS sticky,
               coalesce(o.reserved, 0) AS by_overlaps,
               (SELECT count(*) FROM reservations r
                 WHERE r.network_id = w.network_id AND r.address >= w.low AND r.address < w.first)
               + (SELECT count(*) FROM reservations r
                   WHERE r.network_id = w.network_id AND r.address > w.last AND r.address <= w.high) AS outside
          FROM wanted w LEFT JOIN own ON own.id = w.id LEFT JOIN overlapping o ON o.id = w.id)
    SELECT h.id, c.total, h.reserved, h.by_overlaps, h.attached, h.sticky, c.used, c.quarantined, c.excluded, c.free,
           round(100 * c.used / nullif(c.total, 0), 1)
      FROM (SELECT array_agg(h.network_id ORDER BY h.ordinal) AS networks, array_agg(h.first ORDER BY h.ordinal) AS firsts,
                   array_agg(h.last ORDER BY h.ordinal) AS lasts,
                   array_agg(h.reserved + h.by_overlaps - h.outside ORDER BY h.ordinal) AS reserved
              FROM held h) AS windows
     CROSS JOIN window_counts(windows.networks, windows.firsts, windows.lasts, windows.reserved) c
      JOIN held h USING (ordinal);
END;
COMMENT ON FUNCTION pool_counts(integer[]) IS
    'The usage of these pools (NULL: all pools). The columns are those of the view pool_usage.';
