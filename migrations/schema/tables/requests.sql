-- A team asks for addresses, and an operator decides. A row moves once, from pending to one of the other states; see
-- request_moves(). There is no column for the operator's name alone: decided_by names who ended the request.

CREATE TABLE requests (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state           text NOT NULL DEFAULT 'pending'
                    CHECK (state IN ('pending', 'approved', 'declined', 'withdrawn', 'expired')),
    pool_id         integer REFERENCES pools ON DELETE SET NULL,
    cidr            cidr NOT NULL,
    owner_kind      owner_kind NOT NULL DEFAULT 'static',
    owner_cluster   text NOT NULL DEFAULT '',
    owner_namespace text NOT NULL CHECK (owner_namespace <> ''),
    owner_name      text NOT NULL CHECK (owner_name <> ''),
    owner_interface text NOT NULL DEFAULT '',
    addresses       inet[],
    how_many        integer NOT NULL CHECK (how_many > 0),
    ttl             interval,
    description     text NOT NULL DEFAULT '',
    labels          jsonb,
    requested_by    text NOT NULL CHECK (requested_by <> ''),
    requested_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at      timestamptz NOT NULL,
    decided_by      text,
    decided_at      timestamptz,
    reason          text NOT NULL DEFAULT '',
    granted         inet[],
    CONSTRAINT requests_count CHECK (addresses IS NULL OR cardinality(addresses) = how_many),
    CONSTRAINT requests_decided CHECK (num_nulls(decided_by, decided_at) = CASE state WHEN 'pending' THEN 2 ELSE 0 END),
    CONSTRAINT requests_granted CHECK ((state = 'approved') = (granted IS NOT NULL)
                                       AND coalesce(cardinality(granted), how_many) = how_many),
    CONSTRAINT requests_declined CHECK (state <> 'declined' OR reason <> '')
);
CREATE INDEX requests_namespace ON requests (owner_namespace, id);
CREATE INDEX requests_pending ON requests (expires_at) WHERE state = 'pending';
CREATE INDEX requests_pool ON requests (pool_id);
CREATE INDEX requests_decided ON requests (decided_at) WHERE state <> 'pending';
COMMENT ON TABLE requests IS 'Requests of teams for addresses, and what operators decided.';
COMMENT ON COLUMN requests.id IS 'ID of the request; later ones have higher ones.';
COMMENT ON COLUMN requests.state IS
    'State: pending, approved, declined, withdrawn or expired. A pending one whose expires_at has passed counts as expired.';
COMMENT ON COLUMN requests.pool_id IS 'The pool of the addresses: pools.id; NULL: the pool was deleted.';
COMMENT ON COLUMN requests.cidr IS 'CIDR of the pool, which outlives the pool.';
COMMENT ON COLUMN requests.owner_kind IS 'Kind of the owner that gets the addresses.';
COMMENT ON COLUMN requests.owner_cluster IS 'Cluster of the owner; '''' is a cluster without a name.';
COMMENT ON COLUMN requests.owner_namespace IS 'Namespace for which the addresses are, whose quota applies.';
COMMENT ON COLUMN requests.owner_name IS 'Name of the owner: a pod, a person, a device or a service.';
COMMENT ON COLUMN requests.owner_interface IS 'Interface of the pod; '''' if the owner has none.';
COMMENT ON COLUMN requests.addresses IS 'The requested addresses; NULL: the lowest free ones at the time of the approval.';
COMMENT ON COLUMN requests.how_many IS 'The number of addresses.';
COMMENT ON COLUMN requests.ttl IS
    'How long the reservation stays while no sandbox uses it, from the approval; NULL: until it is released.';
COMMENT ON COLUMN requests.description IS 'What the addresses are for, in the words of the team; '''' if it said nothing.';
COMMENT ON COLUMN requests.labels IS 'Labels of the reservations, a JSON object whose values are strings; NULL: none.';
COMMENT ON COLUMN requests.requested_by IS 'The caller that sent the request.';
COMMENT ON COLUMN requests.requested_at IS 'When it was sent.';
COMMENT ON COLUMN requests.expires_at IS 'When it expires unless it is decided before.';
COMMENT ON COLUMN requests.decided_by IS 'The caller that ended it; NULL: it is pending.';
COMMENT ON COLUMN requests.decided_at IS 'When it ended; NULL: it is pending.';
COMMENT ON COLUMN requests.reason IS 'Why it was declined or withdrawn; '''' if no reason was given.';
COMMENT ON COLUMN requests.granted IS 'The reserved addresses; NULL: it is not approved.';
COMMENT ON INDEX requests_pkey IS 'Finds a request by its ID.';
COMMENT ON INDEX requests_namespace IS 'The requests of a team, the latest first.';
COMMENT ON INDEX requests_pending IS 'Finds pending requests that have expired; contains only pending ones.';
COMMENT ON INDEX requests_pool IS 'The requests of a pool that is deleted.';
COMMENT ON INDEX requests_decided IS 'Finds requests that ended long ago; contains only those that ended.';
