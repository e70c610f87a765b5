CREATE TABLE attachments (
    cluster      text NOT NULL,
    container_id text NOT NULL,
    interface    text NOT NULL,
    network_id   integer NOT NULL,
    address      host_address NOT NULL,
    node         text NOT NULL,
    cni_network  text NOT NULL DEFAULT '',
    pod_uid      text,
    pod_name     text NOT NULL DEFAULT '',
    mac          macaddr,
    attached_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (cluster, container_id, interface, network_id, address),
    FOREIGN KEY (network_id, address) REFERENCES reservations ON DELETE CASCADE ON UPDATE CASCADE
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX attachments_reservation ON attachments (network_id, address);
CREATE INDEX attachments_node ON attachments (node, cluster);
CREATE INDEX attachments_mac ON attachments (mac) WHERE mac IS NOT NULL;
COMMENT ON TABLE attachments IS 'A sandbox that uses a reservation. The end of the last attachment releases the reservation.';
COMMENT ON COLUMN attachments.cluster IS 'Cluster of the sandbox; '''' is a cluster without a name.';
COMMENT ON COLUMN attachments.container_id IS
    'CNI_CONTAINERID; '''' if a running pod was imported: the first call of its sandbox fills it in.';
COMMENT ON COLUMN attachments.interface IS 'CNI_IFNAME: the interface in the sandbox.';
COMMENT ON COLUMN attachments.network_id IS 'The network of the address: networks.id.';
COMMENT ON COLUMN attachments.address IS 'The address of the reservation that the sandbox uses.';
COMMENT ON COLUMN attachments.node IS 'Node of the sandbox; '''' if an import did not provide it.';
COMMENT ON COLUMN attachments.cni_network IS 'Name of the CNI network configuration: the scope of a CNI GC; '''' if an import did not provide it.';
COMMENT ON COLUMN attachments.pod_uid IS 'UID of the pod; NULL if the caller did not send it.';
COMMENT ON COLUMN attachments.pod_name IS 'Name of the pod, in the namespace of the owner; '''' if the owner is the pod.';
COMMENT ON COLUMN attachments.mac IS 'MAC address that the runtime requested for the interface; NULL: none.';
COMMENT ON COLUMN attachments.attached_at IS 'When the sandbox attached.';
COMMENT ON INDEX attachments_pkey IS 'DEL and CHECK find the addresses of a sandbox.';
COMMENT ON INDEX attachments_reservation IS 'Finds the sandboxes that use a reservation.';
COMMENT ON INDEX attachments_node IS 'Finds the sandboxes of a node, for CNI GC and the pages.';
COMMENT ON INDEX attachments_mac IS 'Finds the addresses of a MAC address.';
