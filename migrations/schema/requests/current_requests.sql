CREATE VIEW current_requests AS
SELECT r.id, CASE WHEN r.state = 'pending' AND r.expires_at <= statement_timestamp() THEN 'expired' ELSE r.state END AS state,
       p.network_id, p.network_name AS network, r.pool_id, r.cidr AS pool, p.name AS pool_name,
       r.owner_kind, r.owner_cluster AS cluster, r.owner_namespace AS namespace, r.owner_name AS name,
       r.owner_interface AS interface, r.addresses, r.how_many, r.ttl, r.description, r.labels,
       r.requested_by, r.requested_at, r.expires_at, r.decided_by, r.decided_at, r.reason, r.granted,
       CASE WHEN r.state = 'pending' THEN
           ARRAY(SELECT a.address FROM unnest(r.addresses) AS a (address)
                  WHERE EXISTS (SELECT FROM reservations o WHERE o.network_id = p.network_id AND o.address = a.address)
                     OR EXISTS (SELECT FROM free_ranges f
                                 WHERE f.network_id = p.network_id AND f.quarantined AND f.last = a.address
                                   AND f.free_from > statement_timestamp()))
           ELSE '{}' END AS not_free,
       CASE WHEN r.state = 'pending' THEN
           ARRAY(SELECT concat(host(a.address), ' is ', special_use(p, a.address)) FROM unnest(r.addresses) AS a (address)
                  WHERE special_use(p, a.address) IS NOT NULL)
           ELSE '{}' END AS needs_force
  FROM requests r LEFT JOIN pools p ON p.id = r.pool_id;
COMMENT ON VIEW current_requests IS 'Requests with their pools, and their state by the clock of the database.';
COMMENT ON COLUMN current_requests.id IS 'ID of the request.';
COMMENT ON COLUMN current_requests.state IS 'State: pending, approved, declined, withdrawn or expired.';
COMMENT ON COLUMN current_requests.network_id IS 'The network of the pool; NULL: the pool was deleted.';
COMMENT ON COLUMN current_requests.network IS 'Name of the network; '''' is the default network. NULL: the pool was deleted.';
COMMENT ON COLUMN current_requests.pool_id IS 'The pool; NULL: it was deleted.';
COMMENT ON COLUMN current_requests.pool IS 'CIDR of the pool.';
COMMENT ON COLUMN current_requests.pool_name IS 'Name of the pool; NULL: it has none, or was deleted.';
COMMENT ON COLUMN current_requests.owner_kind IS 'Kind of the owner.';
COMMENT ON COLUMN current_requests.cluster IS 'Cluster of the owner; '''' is a cluster without a name.';
COMMENT ON COLUMN current_requests.namespace IS 'Namespace of the owner.';
COMMENT ON COLUMN current_requests.name IS 'Name of the owner.';
COMMENT ON COLUMN current_requests.interface IS 'Interface of the pod; '''' if the owner has none.';
COMMENT ON COLUMN current_requests.addresses IS 'The requested addresses; NULL: the lowest free ones.';
COMMENT ON COLUMN current_requests.how_many IS 'The number of addresses.';
COMMENT ON COLUMN current_requests.ttl IS 'How long the reservation stays without a sandbox; NULL: until it is released.';
COMMENT ON COLUMN current_requests.description IS 'What the addresses are for; '''' if the team said nothing.';
COMMENT ON COLUMN current_requests.labels IS 'Labels of the reservations; NULL: none.';
COMMENT ON COLUMN current_requests.requested_by IS 'The caller that sent the request.';
COMMENT ON COLUMN current_requests.requested_at IS 'When it was sent.';
COMMENT ON COLUMN current_requests.expires_at IS 'When it expires unless it is decided before.';
COMMENT ON COLUMN current_requests.decided_by IS 'The caller that ended it; NULL: none did.';
COMMENT ON COLUMN current_requests.decided_at IS 'When it ended; NULL: no caller ended it.';
COMMENT ON COLUMN current_requests.reason IS 'Why it was declined or withdrawn; '''' if no reason was given.';
COMMENT ON COLUMN current_requests.granted IS 'The reserved addresses; NULL: it is not approved.';
COMMENT ON COLUMN current_requests.not_free IS
    'Of addresses, while the request is pending: those that are in use or in quarantine now, so that it cannot be approved yet.';
COMMENT ON COLUMN current_requests.needs_force IS
    'Why an approval now needs force, one text for each such address: it has become a gateway, or the window has changed.';
