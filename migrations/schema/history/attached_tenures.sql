CREATE VIEW attached_tenures AS
-- A subquery instead of a join, which may read all reservations for the attachments of one node.
SELECT a.cluster, a.container_id, a.node,
       (SELECT r.tenure_id FROM reservations r
         WHERE r.network_id = a.network_id AND r.address = a.address) AS tenure_id
  FROM attachments a;
COMMENT ON VIEW attached_tenures IS 'The open tenures of what runs: one row for each interface of a sandbox and address.';
COMMENT ON COLUMN attached_tenures.cluster IS 'Cluster of the sandbox; '''' is a cluster without a name.';
COMMENT ON COLUMN attached_tenures.container_id IS
    'CNI_CONTAINERID; '''' when the pod was imported while it ran.';
COMMENT ON COLUMN attached_tenures.node IS 'Node of the sandbox; '''' if an import did not provide it.';
COMMENT ON COLUMN attached_tenures.tenure_id IS 'The open tenure of the address: tenures.id.';
