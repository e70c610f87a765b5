-- Reservations whose description contains a text, in any case. No index finds a part of a text, so only as many
-- reservations are read as time permits.
SELECT r.network_id, n.name AS network, n.isolated::text AS isolated, host(r.address) AS address, r.owner_namespace AS namespace,
       r.owner_name AS name, r.node, r.description
  FROM (SELECT network_id, address, owner_namespace, owner_name, node, description
          FROM rowhouse.reservations LIMIT :read) AS r
       JOIN rowhouse.networks AS n ON n.id = r.network_id
 WHERE r.description <> '' AND strpos(lower(r.description), :text) > 0
 LIMIT :most
