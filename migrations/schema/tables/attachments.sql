CREATE TABLE attachments (
    cluster      text NOT NULL,
    container_id text NOT NULL,
    interface    text NOT NULL,
    network_id   integer NOT NULL,
    address      host_address NOT NULL,
    node         text NOT NULL,
    cni_network  text NOT NULL DEFAULT '',
    pod_uid      text,
    attached_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (cluster, container_id, interface, network_id, address),
    FOREIGN KEY (network_id, address) REFERENCES reservations ON DELETE CASCADE ON UPDATE CASCADE
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX attachments_reservation ON attachments (network_id, address);
CREATE INDEX attachments_node ON attachments (node, cluster);
COMMENT ON TABLE attachments IS 'A sandbox that uses a reservation; the last one that goes releases it.';
COMMENT ON COLUMN attachments.container_id IS
    'CNI_CONTAINERID; '''' when the pod was imported while it ran: the first call of its sandbox fills it in.';
COMMENT ON COLUMN attachments.node IS 'Node of the sandbox; '''' when an import did not tell it.';
COMMENT ON COLUMN attachments.cni_network IS 'Name of the CNI network configuration: the scope of a CNI GC.';
