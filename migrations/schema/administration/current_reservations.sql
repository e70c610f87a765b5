CREATE VIEW current_reservations AS
SELECT n.name AS network, p.cidr AS pool, p.name AS pool_name, r.address, r.owner_kind, r.owner_cluster AS cluster,
       r.owner_namespace AS namespace, r.owner_name AS name, r.owner_interface AS interface, r.owner_uid AS uid,
       r.node, r.container_id, r.sticky, r.expires_at, r.reserved_at, r.description,
       r.network_id, r.pool_id,
       (SELECT count(*) FROM attachments a
         WHERE a.network_id = r.network_id AND a.address = r.address) AS attachments
  FROM reservations r
  JOIN pools p ON p.id = r.pool_id
  JOIN networks n ON n.id = r.network_id;
COMMENT ON VIEW current_reservations IS 'Every address in use, with its owner and where it is.';
