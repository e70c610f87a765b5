-- Creates a pool, and its network if needed. No row: another call has just created the network.
WITH wanted AS (SELECT %(network)s::text AS name, CASE WHEN %(isolated)s THEN %(cidr)s::cidr END AS isolated),
made AS (
    INSERT INTO rowhouse.networks (name, isolated) SELECT name, isolated FROM wanted
        ON CONFLICT DO NOTHING RETURNING id),
space AS (
    SELECT id FROM made
    UNION ALL
    SELECT n.id FROM rowhouse.networks n, wanted w
     WHERE n.name = w.name AND n.isolated IS NOT DISTINCT FROM w.isolated)
INSERT INTO rowhouse.pools (network_id, network_name, cidr, name, gateway, window_first, window_last,
                            reuse_delay, labels, description, drained)
SELECT id, %(network)s, %(cidr)s, %(name)s, %(gateway)s::inet, %(window_first)s::inet, %(window_last)s::inet,
       %(reuse_delay)s * interval '1 second', %(labels)s, %(description)s, %(drained)s
  FROM space
RETURNING id
