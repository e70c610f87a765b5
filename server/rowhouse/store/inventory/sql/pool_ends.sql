-- The first and the last address that a pool assigns; NULL: it assigns none. For sqlalchemy.text().
SELECT min(w.first_address) AS low, max(w.last_address) AS high
  FROM rowhouse.pools p CROSS JOIN LATERAL rowhouse.pool_window(p) w WHERE p.id = :pool
