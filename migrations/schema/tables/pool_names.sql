-- One table for current names and aliases, so that its primary key keeps all of them apart. A row is written when a pool
-- is created or renamed, and when an ADD names an alias, at most once a minute.

CREATE TABLE pool_names (
    name         text PRIMARY KEY CHECK (name <> ''),
    pool_id      integer NOT NULL REFERENCES pools ON DELETE CASCADE,
    alias_since  timestamptz DEFAULT clock_timestamp(),
    last_used_at timestamptz
) WITH (fillfactor = 70);
CREATE INDEX pool_names_pool ON pool_names (pool_id);
COMMENT ON TABLE pool_names IS
    'The names by which a NAD can refer to a pool: its current name (pools.name), and its aliases, such as former names.';
COMMENT ON COLUMN pool_names.name IS 'A name; no other pool has it, as its name or as an alias.';
COMMENT ON COLUMN pool_names.pool_id IS 'The pool: pools.id.';
COMMENT ON COLUMN pool_names.alias_since IS 'Since when the name is an alias; NULL: it is the current name.';
COMMENT ON COLUMN pool_names.last_used_at IS
    'When an ADD last named the alias, to the minute; at first, when the pool was renamed. NULL: never, or the current name.';
COMMENT ON INDEX pool_names_pkey IS 'Finds a pool by a name or an alias. One pool for each.';
COMMENT ON INDEX pool_names_pool IS 'The names of a pool.';
