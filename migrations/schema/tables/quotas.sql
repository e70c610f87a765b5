CREATE TABLE quotas (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    namespace text NOT NULL CHECK (namespace <> ''),
    pool_id   integer REFERENCES pools ON DELETE CASCADE,
    addresses integer NOT NULL CHECK (addresses >= 0),
    UNIQUE NULLS NOT DISTINCT (namespace, pool_id)
);
COMMENT ON TABLE quotas IS 'The maximum number of addresses of a namespace, in one pool or (pool_id NULL) in all pools.';
COMMENT ON COLUMN quotas.id IS 'ID of the quota.';
COMMENT ON COLUMN quotas.namespace IS 'The Kubernetes namespace, in all clusters.';
COMMENT ON COLUMN quotas.pool_id IS 'The pool to which it applies: pools.id; NULL: all pools.';
COMMENT ON COLUMN quotas.addresses IS 'The maximum number of addresses.';
COMMENT ON INDEX quotas_pkey IS 'Finds a quota by its ID.';
COMMENT ON INDEX quotas_namespace_pool_id_key IS 'One quota for each namespace and pool.';
