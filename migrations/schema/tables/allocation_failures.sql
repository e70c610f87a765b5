-- A server writes here in batches, after it has answered the calls.

CREATE TABLE allocation_failures (
    cluster       text NOT NULL,
    namespace     text NOT NULL,
    pod           text NOT NULL,
    interface     text NOT NULL,
    node          text NOT NULL,
    pod_uid       text,
    message       text NOT NULL,
    reason        text NOT NULL DEFAULT 'NoAddress',
    times         bigint NOT NULL,
    first_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    event_message text,
    held_by       text NOT NULL DEFAULT '',
    PRIMARY KEY (cluster, namespace, pod, interface, reason)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE allocation_failures IS 'Refused ADDs that found no free address, until the controller has created events for them.';
COMMENT ON COLUMN allocation_failures.cluster IS 'Cluster of the pod; '''' is a cluster without a name.';
COMMENT ON COLUMN allocation_failures.namespace IS 'Namespace of the pod.';
COMMENT ON COLUMN allocation_failures.pod IS 'Name of the pod.';
COMMENT ON COLUMN allocation_failures.interface IS 'The interface that has no address.';
COMMENT ON COLUMN allocation_failures.node IS 'Node on which the pod runs.';
COMMENT ON COLUMN allocation_failures.pod_uid IS 'UID of the pod; NULL if the caller did not send it.';
COMMENT ON COLUMN allocation_failures.message IS 'The text of the Kubernetes event.';
COMMENT ON COLUMN allocation_failures.reason IS 'NoAddress, or the reason for a warning about a pod that has an address.';
COMMENT ON COLUMN allocation_failures.times IS 'How many ADDs were refused.';
COMMENT ON COLUMN allocation_failures.first_at IS 'When the first ADD was refused.';
COMMENT ON COLUMN allocation_failures.last_at IS 'When the last ADD was refused.';
COMMENT ON COLUMN allocation_failures.event_message IS 'The message without what held_by says: events.message; NULL: it is the same.';
COMMENT ON COLUMN allocation_failures.held_by IS 'Who or what holds the address that was refused: events.held_by; '''': nothing.';
COMMENT ON INDEX allocation_failures_pkey IS 'One row for each pod, interface and reason.';
