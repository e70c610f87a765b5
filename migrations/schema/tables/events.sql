-- What the controller, or an operator, should know of, after it happened. Written after the calls were answered; neither
-- history nor audit log. sample_fill_v1() deletes old rows.

CREATE TABLE events (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason    text NOT NULL,
    message   text NOT NULL,
    held_by   text NOT NULL DEFAULT '',
    cluster   text,
    namespace text NOT NULL DEFAULT '',
    pod       text NOT NULL DEFAULT '',
    interface text NOT NULL DEFAULT '',
    node      text NOT NULL DEFAULT '',
    pool_id   integer,
    times     bigint NOT NULL DEFAULT 1,
    first_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX events_last_at ON events (last_at, id);
CREATE INDEX events_pod ON events (namespace, pod);
COMMENT ON TABLE events IS
    'Refused ADDs, warnings, releases by the controller, and pools that are nearly full: the last 30 days, at most about 100,000.';
COMMENT ON COLUMN events.id IS 'ID of the event; later ones have higher ones.';
COMMENT ON COLUMN events.reason IS
    'NoAddress, ClaimRefused, AddressIsGateway, Reclaimed (by the controller), OwnerGone, OwnerExpired or PoolNearlyFull.';
COMMENT ON COLUMN events.message IS 'What happened, and what to do. It names nothing of another namespace.';
COMMENT ON COLUMN events.held_by IS
    'Who or what holds the address that the message is about: owners, an exclusion, the networks of a gateway. Teams do not see it. '''': nothing.';
COMMENT ON COLUMN events.cluster IS 'Cluster of the pod; '''' is a cluster without a name. NULL: it is about a pool.';
COMMENT ON COLUMN events.namespace IS 'Namespace of the pod; '''' if it is about a pool.';
COMMENT ON COLUMN events.pod IS 'Name of the pod, or of the owner that outlives pods; '''' if it is about a pool.';
COMMENT ON COLUMN events.interface IS 'Interface of the pod; '''' if it is about a pool or an owner.';
COMMENT ON COLUMN events.node IS 'Node of the pod; '''' if it is unknown.';
COMMENT ON COLUMN events.pool_id IS 'The pool that it is about; NULL: it is about a pod: pools.id.';
COMMENT ON COLUMN events.times IS 'How often it happened, without a pause of an hour.';
COMMENT ON COLUMN events.first_at IS 'When it happened first.';
COMMENT ON COLUMN events.last_at IS 'When it happened last.';
COMMENT ON INDEX events_pkey IS 'Finds an event by its ID.';
COMMENT ON INDEX events_last_at IS 'The events of a period, the latest first; old ones.';
COMMENT ON INDEX events_pod IS 'The events of a pod.';
