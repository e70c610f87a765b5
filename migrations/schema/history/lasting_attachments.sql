CREATE VIEW lasting_attachments AS
-- (OFFSET keeps it a look-up for each attachment: a join may read all reservations.)
SELECT p.tenure_id, p.during, p.cluster, p.container_id, p.interface, p.node, p.pod_name, p.pod_uid, p.end_reason, p.mac
  FROM past_attachments p
UNION ALL
SELECT r.tenure_id, tstzrange(a.attached_at, NULL), a.cluster, a.container_id, a.interface, a.node, a.pod_name, a.pod_uid, NULL, a.mac
  FROM attachments a
 CROSS JOIN LATERAL (SELECT one.tenure_id, one.owner_kind FROM reservations one
                      WHERE one.network_id = a.network_id AND one.address = a.address OFFSET 0) AS r
 WHERE r.owner_kind NOT IN ('pod', 'static');
COMMENT ON VIEW lasting_attachments IS 'Past and present sandboxes of owners that outlive them: claims, virtual machines and workloads.';
COMMENT ON COLUMN lasting_attachments.tenure_id IS 'The tenure of the owner: tenures.id.';
COMMENT ON COLUMN lasting_attachments.during IS 'From the attach to its end, without its end; no upper bound: the sandbox uses the address now.';
COMMENT ON COLUMN lasting_attachments.cluster IS 'Cluster of the sandbox; '''' is a cluster without a name.';
COMMENT ON COLUMN lasting_attachments.container_id IS 'CNI_CONTAINERID of the sandbox.';
COMMENT ON COLUMN lasting_attachments.interface IS 'CNI_IFNAME: the interface in the sandbox.';
COMMENT ON COLUMN lasting_attachments.node IS 'Node of the sandbox; '''' if an import did not provide it.';
COMMENT ON COLUMN lasting_attachments.pod_name IS 'Name of the pod, in the namespace of the owner; '''' if the owner has its name.';
COMMENT ON COLUMN lasting_attachments.pod_uid IS 'UID of the pod; NULL if the caller did not send it.';
COMMENT ON COLUMN lasting_attachments.end_reason IS 'What ended it: DEL, GC, RECONCILE (the controller), REPLACED or API; NULL: the sandbox uses the address now.';
COMMENT ON COLUMN lasting_attachments.mac IS 'MAC address that the runtime requested for the interface; NULL: none.';
