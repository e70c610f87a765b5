CREATE TABLE pools (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id   integer NOT NULL,
    network_name text NOT NULL,
    cidr         cidr NOT NULL,
    name         text UNIQUE CHECK (name <> ''),
    gateway      inet,
    window_first host_address,
    window_last  host_address,
    reuse_delay  interval NOT NULL DEFAULT '0' CHECK (reuse_delay BETWEEN '0' AND '100 years'),
    labels       jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(labels) = 'object'),
    description  text NOT NULL DEFAULT '',
    drained      boolean NOT NULL DEFAULT false,
    isolated     boolean NOT NULL DEFAULT false,
    version      integer NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (network_name, cidr),
    FOREIGN KEY (network_id, network_name) REFERENCES networks (id, name),
    CHECK (family(gateway) = family(cidr) OR gateway IS NULL),
    CHECK (window_first IS NULL OR window_first <<= cidr),
    CHECK (window_last IS NULL OR window_last <<= cidr),
    CHECK (window_first <= window_last)
);
CREATE INDEX pools_cidr ON pools USING gist (cidr inet_ops);
CREATE INDEX pools_network ON pools (network_id);
COMMENT ON TABLE pools IS 'A CIDR of a network from which addresses are assigned.';
COMMENT ON COLUMN pools.id IS 'ID of the pool; other tables refer to it.';
COMMENT ON COLUMN pools.network_id IS 'The network of the pool: networks.id.';
COMMENT ON COLUMN pools.network_name IS 'Name of the network; '''' is the default network.';
COMMENT ON COLUMN pools.cidr IS 'The CIDR; it never changes.';
COMMENT ON COLUMN pools.name IS
    'The name by which a NAD can refer to the pool instead of a range; NULL: none.';
COMMENT ON COLUMN pools.gateway IS 'The gateway that an operator set, with or without a prefix length; NULL: none.';
COMMENT ON COLUMN pools.window_first IS
    'First address assigned to callers that name the pool; NULL: the first usable one.';
COMMENT ON COLUMN pools.window_last IS
    'Last address assigned to callers that name the pool; NULL: the last usable one.';
COMMENT ON COLUMN pools.reuse_delay IS 'How long a released address is quarantined before it is assigned again.';
COMMENT ON COLUMN pools.labels IS 'The operator''s labels, a JSON object whose values are strings.';
COMMENT ON COLUMN pools.description IS 'The operator''s description; '''' if there is none.';
COMMENT ON COLUMN pools.drained IS 'Whether the pool assigns no new addresses; those in use stay.';
COMMENT ON COLUMN pools.isolated IS
    'Whether the pool has its own address space. Set by a trigger from networks.isolated.';
COMMENT ON COLUMN pools.version IS 'Number of changes of the row: the ETag of the API.';
COMMENT ON COLUMN pools.created_at IS 'When the pool was created.';
COMMENT ON INDEX pools_pkey IS 'Finds a pool by its ID.';
COMMENT ON INDEX pools_name_key IS 'Finds a pool by its name.';
COMMENT ON INDEX pools_network_name_cidr_key IS 'The identity of a pool: its network and its CIDR.';
COMMENT ON INDEX pools_cidr IS 'Finds the pools that contain an address or overlap a CIDR.';
COMMENT ON INDEX pools_network IS 'The pools of a network.';
