-- How many addresses of some runs sandboxes use.
SELECT count(DISTINCT a.address)
  FROM unnest(%(firsts)s::inet[], %(lasts)s::inet[]) AS runs (first, last)
  JOIN rowhouse.attachments a ON a.network_id = %(network)s AND a.address BETWEEN runs.first AND runs.last
