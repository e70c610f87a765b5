-- Each node writes its row once a minute, and no index covers what a report changes: the update is heap-only (HOT), and
-- fillfactor leaves room for it in the page. Nothing that assigns addresses reads this table.

CREATE TABLE nodes (
    cluster        text NOT NULL,
    node           text NOT NULL CHECK (node <> ''),
    plugin_version text NOT NULL,
    agent_version  text NOT NULL,
    kept_dels      bigint NOT NULL CHECK (kept_dels >= 0),
    kept_bytes     bigint NOT NULL CHECK (kept_bytes >= 0),
    started_at     timestamptz NOT NULL,
    first_seen     timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (cluster, node)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE nodes IS 'The last report of each node''s agent. Neither history nor audit log: a later report replaces it.';
COMMENT ON COLUMN nodes.cluster IS 'Cluster of the node; '''' is a cluster without a name.';
COMMENT ON COLUMN nodes.node IS 'Name of the node in its cluster.';
COMMENT ON COLUMN nodes.plugin_version IS 'Version of the installed CNI plugin; '''' if the agent does not know it.';
COMMENT ON COLUMN nodes.agent_version IS 'Version of the agent; '''' if it does not tell.';
COMMENT ON COLUMN nodes.kept_dels IS 'DELs that the node keeps until a server takes them.';
COMMENT ON COLUMN nodes.kept_bytes IS 'Size of these DELs on the node''s disk, in bytes.';
COMMENT ON COLUMN nodes.started_at IS 'When the agent started, by the clock of the node.';
COMMENT ON COLUMN nodes.first_seen IS 'When the node first reported, by the clock of the database.';
COMMENT ON COLUMN nodes.last_seen IS 'When the node last reported, by the clock of the database.';
COMMENT ON INDEX nodes_pkey IS 'One row per node of a cluster.';
