-- Every address in use is a row.
SELECT address, namespace, name, interface, node, left(container_id, 13) AS sandbox
  FROM rowhouse.current_reservations
 ORDER BY address;
