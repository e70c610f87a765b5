CREATE TABLE past_attachments (
    tenure_id    bigint NOT NULL,
    during       tstzrange NOT NULL,
    cluster      text NOT NULL,
    container_id text NOT NULL,
    interface    text NOT NULL,
    node         text NOT NULL,
    pod_name     text NOT NULL DEFAULT '',
    pod_uid      text,
    mac          macaddr,
    end_reason   text NOT NULL
);
CREATE INDEX past_attachments_tenure ON past_attachments (tenure_id);
CREATE INDEX past_attachments_node ON past_attachments (node, upper(during));
CREATE INDEX past_attachments_container ON past_attachments (container_id);
COMMENT ON TABLE past_attachments IS
    'History: the ended attachments of owners that outlive their sandboxes. The tenure of such an owner spans all of them.';
COMMENT ON COLUMN past_attachments.tenure_id IS 'The tenure of the owner: tenures.id.';
COMMENT ON COLUMN past_attachments.during IS 'From the attach to its end, without its end.';
COMMENT ON COLUMN past_attachments.cluster IS 'Cluster of the sandbox; '''' is a cluster without a name.';
COMMENT ON COLUMN past_attachments.container_id IS 'CNI_CONTAINERID of the sandbox.';
COMMENT ON COLUMN past_attachments.interface IS 'CNI_IFNAME: the interface in the sandbox.';
COMMENT ON COLUMN past_attachments.node IS 'Node of the sandbox; '''' if an import did not provide it.';
COMMENT ON COLUMN past_attachments.pod_name IS 'Name of the pod, in the namespace of the owner; '''' if the owner has its name.';
COMMENT ON COLUMN past_attachments.pod_uid IS 'UID of the pod; NULL if the caller did not send it.';
COMMENT ON COLUMN past_attachments.mac IS 'MAC address that the runtime requested for the interface; NULL: none.';
COMMENT ON COLUMN past_attachments.end_reason IS 'What ended it: DEL, GC, RECONCILE (the controller), REPLACED or API.';
COMMENT ON INDEX past_attachments_tenure IS 'The sandboxes of a tenure.';
COMMENT ON INDEX past_attachments_node IS 'What ran on a node during a period: ran_on().';
COMMENT ON INDEX past_attachments_container IS 'The history of a container: of_container().';
