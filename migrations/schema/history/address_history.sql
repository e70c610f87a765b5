CREATE VIEW address_history AS
-- After the clock was set back, what it wrote before lies in the future: that is the present at most.
SELECT n.name AS network, t.address, least(lower(t.during), statement_timestamp()) AS held_from,
       CASE WHEN upper(t.during) > statement_timestamp() THEN statement_timestamp() ELSE upper(t.during) END AS held_until,
       t.owner_kind, t.owner_cluster AS cluster, t.owner_namespace AS namespace, t.owner_name AS name,
       t.owner_interface AS interface, t.owner_uid AS uid, t.node, t.container_id,
       t.started_by, t.start_reason, t.ended_by, t.end_reason, p.cidr AS pool, t.network_id, t.during
  FROM tenures t
  LEFT JOIN networks n ON n.id = t.network_id
  LEFT JOIN pools p ON p.id = t.pool_id;
COMMENT ON VIEW address_history IS 'Who held which address, where and when; held_until is NULL for the present.';
