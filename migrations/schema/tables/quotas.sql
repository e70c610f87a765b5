CREATE TABLE quotas (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    namespace text NOT NULL CHECK (namespace <> ''),
    pool_id   integer REFERENCES pools ON DELETE CASCADE,
    addresses integer NOT NULL CHECK (addresses >= 0),
    UNIQUE NULLS NOT DISTINCT (namespace, pool_id)
);
COMMENT ON TABLE quotas IS 'How many addresses a namespace may hold, in one pool or (pool_id NULL) in all.';
