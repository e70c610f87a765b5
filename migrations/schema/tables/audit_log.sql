CREATE TABLE audit_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text NOT NULL,
    action     text NOT NULL,
    object     text NOT NULL,
    before     jsonb,
    after      jsonb,
    request_id text,
    database_user text NOT NULL DEFAULT session_user,
    object_type   text NOT NULL GENERATED ALWAYS AS (split_part(action, '.', 1)) STORED,
    object_key    jsonb,
    network       text,
    cluster       text,
    row_count     integer NOT NULL DEFAULT 1,
    changes       jsonb
);
CREATE INDEX audit_log_at ON audit_log (at);
CREATE INDEX audit_log_object ON audit_log (object);
COMMENT ON TABLE audit_log IS 'Every administrative change: who, what, before and after. Append-only.';
COMMENT ON COLUMN audit_log.id IS 'Number of the line; later lines have higher ones.';
COMMENT ON COLUMN audit_log.at IS 'When the line was written, by the clock of the database.';
COMMENT ON COLUMN audit_log.actor IS 'The caller that the server knows, or the database user of a manual change.';
COMMENT ON COLUMN audit_log.action IS
    'What was done: the type of the object, a period, and the verb, such as pool.update.';
COMMENT ON COLUMN audit_log.object IS
    'What it was done to, as people call it: a CIDR, an address, a name; first-last where several rows share the line.';
COMMENT ON COLUMN audit_log.before IS
    'The row as it was, of several rows the first one; NULL: there was none, or the line is about no row.';
COMMENT ON COLUMN audit_log.after IS
    'The row as it became, of several rows the first one; NULL: it is gone. Or facts, where the line is about no row.';
COMMENT ON COLUMN audit_log.request_id IS
    'X-Request-Id of the call of the API; NULL for a statement by hand and for the command line on the database.';
COMMENT ON COLUMN audit_log.database_user IS
    'The database user who was logged in: what PostgreSQL knows, where actor is what the server said.';
COMMENT ON COLUMN audit_log.object_type IS 'Type of the object: the first part of action, such as pool.';
COMMENT ON COLUMN audit_log.object_key IS
    'Primary key of the row, such as {"network_id": 1, "address": "10.0.0.7"}; NULL: several rows, or the line is about no row.';
COMMENT ON COLUMN audit_log.network IS
    'Name of the network of the object at that time; '''' is the default network. NULL: the object is in no network.';
COMMENT ON COLUMN audit_log.cluster IS
    'Cluster of the object; '''' is a cluster without a name. NULL: the object is in no cluster.';
COMMENT ON COLUMN audit_log.row_count IS 'How many rows one statement changed that share this line: 1, or 101 to 1000.';
COMMENT ON COLUMN audit_log.changes IS
    'Where several rows share the line: each row as an array of before and after. NULL: one row. audit_changes spreads them out.';
COMMENT ON INDEX audit_log_pkey IS 'The lines in their order.';
COMMENT ON INDEX audit_log_at IS 'The lines of a time, the latest first.';
COMMENT ON INDEX audit_log_object IS 'The lines about an object.';
