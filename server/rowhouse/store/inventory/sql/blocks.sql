-- The counts of some blocks of a pool, in their order: like those of the pool (window_counts), and the reservations in
-- the block that are sticky, made by hand, or of addresses that the pool does not assign.
SELECT c.total, c.used, c.quarantined, c.excluded, c.free,
       r.reserved - c.used AS outside, r.sticky, r.by_hand
  FROM (SELECT array_agg(%(network)s::integer ORDER BY b.ordinal) AS networks,
               array_agg(greatest(rowhouse.first_address(b.cidr), %(first)s::inet) ORDER BY b.ordinal) AS firsts,
               array_agg(least(rowhouse.last_address(b.cidr), %(last)s::inet) ORDER BY b.ordinal) AS lasts
          FROM unnest(%(blocks)s::cidr[]) WITH ORDINALITY AS b (cidr, ordinal)) AS windows
 CROSS JOIN rowhouse.window_counts(windows.networks, windows.firsts, windows.lasts) c
  JOIN unnest(%(blocks)s::cidr[]) WITH ORDINALITY AS b (cidr, ordinal) USING (ordinal)
 CROSS JOIN LATERAL (
       SELECT count(*) AS reserved, count(*) FILTER (WHERE r.sticky AND r.owner_kind <> 'static') AS sticky,
              count(*) FILTER (WHERE r.owner_kind = 'static') AS by_hand
         FROM rowhouse.reservations r
        WHERE r.network_id = %(network)s
          AND r.address BETWEEN rowhouse.first_address(b.cidr) AND rowhouse.last_address(b.cidr)) AS r
 ORDER BY ordinal
