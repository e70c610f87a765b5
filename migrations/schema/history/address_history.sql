CREATE VIEW address_history AS
-- After the clock was set back, what it wrote before lies in the future: that is the present at most.
SELECT n.name AS network, t.address, least(lower(t.during), statement_timestamp()) AS held_from,
       CASE WHEN upper(t.during) > statement_timestamp() THEN statement_timestamp() ELSE upper(t.during) END AS held_until,
       t.owner_kind, t.owner_cluster AS cluster, t.owner_namespace AS namespace, t.owner_name AS name,
       t.owner_interface AS interface, t.owner_uid AS uid, t.node, t.container_id,
       t.started_by, t.start_reason, t.ended_by, t.end_reason, p.cidr AS pool, t.network_id, t.during, t.id, t.pool_id, t.mac
  FROM tenures t
  LEFT JOIN networks n ON n.id = t.network_id
  LEFT JOIN pools p ON p.id = t.pool_id;
COMMENT ON VIEW address_history IS 'Who held which address, where and when; held_until is NULL for current owners.';
COMMENT ON COLUMN address_history.network IS 'Name of the network; '''' is the default network.';
COMMENT ON COLUMN address_history.address IS 'The address, without a prefix length.';
COMMENT ON COLUMN address_history.held_from IS 'Start; never in the future, even if the clock was set back.';
COMMENT ON COLUMN address_history.held_until IS 'End; NULL: the owner holds it now.';
COMMENT ON COLUMN address_history.owner_kind IS 'Kind of the owner: pod, static, claim, virtual_machine or workload.';
COMMENT ON COLUMN address_history.cluster IS 'Cluster of the owner; '''' is a cluster without a name.';
COMMENT ON COLUMN address_history.namespace IS 'Kubernetes namespace of the owner; '''' if a static owner has none.';
COMMENT ON COLUMN address_history.name IS 'Name of the pod, or of the person or device.';
COMMENT ON COLUMN address_history.interface IS
    'Interface of the pod; '''' if it is unknown, or if a static owner has none.';
COMMENT ON COLUMN address_history.uid IS 'UID of the pod; NULL if the caller did not send it, and for static owners.';
COMMENT ON COLUMN address_history.node IS
    'Node of the sandbox; '''' if no sandbox used the address.';
COMMENT ON COLUMN address_history.container_id IS
    'Container id of the sandbox; '''' if no sandbox used the address.';
COMMENT ON COLUMN address_history.started_by IS 'The author of its start: a caller of the server, or a database user.';
COMMENT ON COLUMN address_history.start_reason IS
    'What started it: ADD, API, IMPORT, ADOPT, REPAIR, or SQL for a manual statement.';
COMMENT ON COLUMN address_history.ended_by IS 'Who ended it; NULL while it is held.';
COMMENT ON COLUMN address_history.end_reason IS
    'What ended it: DEL, GC, RECONCILE (the controller), EXPIRE, ADD, API, or SQL for a statement by hand; NULL while it is held.';
COMMENT ON COLUMN address_history.pool IS 'CIDR of the pool that the address was taken from; NULL: the pool is gone.';
COMMENT ON COLUMN address_history.network_id IS 'The network of the address: networks.id.';
COMMENT ON COLUMN address_history.during IS
    'From when to when as it is stored, the end excluded; no upper bound: it is held now.';
COMMENT ON COLUMN address_history.id IS 'Number of the tenure: tenures.id.';
COMMENT ON COLUMN address_history.pool_id IS
    'The pool that the address was taken from: pools.id. The pool may be deleted.';
COMMENT ON COLUMN address_history.mac IS 'MAC address that the runtime requested for the interface; NULL: none.';
