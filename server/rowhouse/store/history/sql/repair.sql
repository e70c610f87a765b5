-- Repairs history and free space; a row for each change.
SELECT r.change, n.name, host(r.run_first), host(r.run_last)
  FROM rowhouse.repair_v1(%(actor)s, %(request_id)s) AS r JOIN rowhouse.networks n ON n.id = r.of_network
