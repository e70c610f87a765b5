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
COMMENT ON TABLE audit_log IS 'Every administrative change: its author, the object, and the row before and after. Append-only.';
COMMENT ON COLUMN audit_log.id IS 'ID of the entry; later entries have higher ones.';
COMMENT ON COLUMN audit_log.at IS 'When the entry was written, by the clock of the database.';
COMMENT ON COLUMN audit_log.actor IS 'The caller that the server authenticated, or the database user of a manual change.';
COMMENT ON COLUMN audit_log.action IS
    'The change: the type of the object, a period, and a verb, such as pool.update.';
COMMENT ON COLUMN audit_log.object IS
    'The changed object: a CIDR, an address or a name; first-last if several rows share the entry.';
COMMENT ON COLUMN audit_log.before IS
    'The row before the change, the first one of several; NULL: there was none, or the entry is not about a row.';
COMMENT ON COLUMN audit_log.after IS
    'The row after the change, the first one of several; NULL: it was deleted. Facts, if the entry is not about a row.';
COMMENT ON COLUMN audit_log.request_id IS
    'X-Request-Id of the API request; NULL for a manual statement, and for the command line on the database.';
COMMENT ON COLUMN audit_log.database_user IS
    'The database user of the session, from PostgreSQL; actor is what the server says.';
COMMENT ON COLUMN audit_log.object_type IS 'Type of the object: the first part of action, such as pool.';
COMMENT ON COLUMN audit_log.object_key IS
    'Primary key of the row, such as {"network_id": 1, "address": "10.0.0.7"}; NULL: several rows, or the entry is not about a row.';
COMMENT ON COLUMN audit_log.network IS
    'Name of the network of the object at that time; '''' is the default network. NULL: the object is in no network.';
COMMENT ON COLUMN audit_log.cluster IS
    'Cluster of the object; '''' is a cluster without a name. NULL: the object is in no cluster.';
COMMENT ON COLUMN audit_log.row_count IS 'How many rows of one statement share this entry: 1, or 101 to 1000.';
COMMENT ON COLUMN audit_log.changes IS
    'If several rows share the entry, each row as an array of before and after; NULL: one row. The view audit_changes has one row for each of them.';
COMMENT ON INDEX audit_log_pkey IS 'The entries in order.';
COMMENT ON INDEX audit_log_at IS 'The entries of a period, the latest first.';
COMMENT ON INDEX audit_log_object IS 'The entries about an object.';
