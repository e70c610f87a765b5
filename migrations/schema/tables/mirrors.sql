CREATE TABLE mirrors (
    cluster     text PRIMARY KEY,
    namespace   text NOT NULL,
    since       timestamptz NOT NULL DEFAULT clock_timestamp(),
    reported_at timestamptz,
    report      jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
COMMENT ON TABLE mirrors IS 'The clusters whose controller mirrors the pools as IPPool objects.';
COMMENT ON COLUMN mirrors.cluster IS 'The cluster that mirrors; '''' is a cluster without a name.';
COMMENT ON COLUMN mirrors.namespace IS 'Namespace of the objects in the cluster.';
COMMENT ON COLUMN mirrors.since IS 'When the mirror was enabled.';
COMMENT ON COLUMN mirrors.reported_at IS 'When the controller last reported; NULL: it has not reported yet.';
COMMENT ON COLUMN mirrors.report IS 'The controller''s last report about its mirror, as `rowhouse mirror status` shows it.';
COMMENT ON INDEX mirrors_pkey IS 'One mirror per cluster.';
