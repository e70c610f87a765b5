-- The lowest address of some runs that a sandbox uses, with its owner, and how many such addresses there are.
SELECT host(r.address) AS address, r.owner_namespace AS namespace, r.owner_name AS name, used.total
  FROM (SELECT min(a.address) AS lowest, count(DISTINCT a.address) AS total
          FROM unnest(%(firsts)s::inet[], %(lasts)s::inet[]) AS runs (first, last)
          JOIN rowhouse.attachments a ON a.network_id = %(network)s AND a.address BETWEEN runs.first AND runs.last) AS used
  JOIN rowhouse.reservations r ON r.network_id = %(network)s AND r.address = used.lowest
