-- The remaining problems.
SELECT p.problem, n.name, host(p.address), p.repair
  FROM rowhouse.integrity_problems p LEFT JOIN rowhouse.networks n ON n.id = p.network_id
 ORDER BY n.name, p.address, p.problem
