-- A server writes here some time after it answered, many in one statement, and never on the path of a call.

CREATE TABLE allocation_failures (
    cluster   text NOT NULL,
    namespace text NOT NULL,
    pod       text NOT NULL,
    interface text NOT NULL,
    node      text NOT NULL,
    pod_uid   text,
    message   text NOT NULL,
    reason    text NOT NULL DEFAULT 'NoAddress',
    times     bigint NOT NULL,
    first_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (cluster, namespace, pod, interface, reason)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE allocation_failures IS 'ADDs refused since there was nothing left to give, until the controller has made events of them.';
COMMENT ON COLUMN allocation_failures.cluster IS 'Cluster of the pod; '''' is a cluster without a name.';
COMMENT ON COLUMN allocation_failures.namespace IS 'Namespace of the pod.';
COMMENT ON COLUMN allocation_failures.pod IS 'Name of the pod.';
COMMENT ON COLUMN allocation_failures.interface IS 'The interface that has no address.';
COMMENT ON COLUMN allocation_failures.node IS 'Node that the pod runs on.';
COMMENT ON COLUMN allocation_failures.pod_uid IS 'UID of the pod; NULL when the caller did not send it.';
COMMENT ON COLUMN allocation_failures.message IS 'The text of the event.';
COMMENT ON COLUMN allocation_failures.reason IS 'NoAddress, or why there is a warning though the pod has its address.';
COMMENT ON COLUMN allocation_failures.times IS 'How often the runtime asked in vain.';
COMMENT ON COLUMN allocation_failures.first_at IS 'When it was refused first.';
COMMENT ON COLUMN allocation_failures.last_at IS 'When it was refused last.';
COMMENT ON INDEX allocation_failures_pkey IS 'One row for each pod, interface and reason.';
