-- Reports over a day or more read these rows, not the history. A row of a longer period is the sum of those of shorter
-- ones, so a report adds up few rows: whole days, then the hours since.

CREATE TABLE usage_periods (
    grouped_by text NOT NULL CHECK (grouped_by IN ('all', 'namespace', 'cluster', 'node', 'network', 'pool')),
    span       interval NOT NULL,
    ends_at    timestamptz NOT NULL,
    key        text NOT NULL,
    used       bigint NOT NULL,
    begun      bigint NOT NULL,
    ended      bigint NOT NULL,
    seconds    double precision NOT NULL,
    PRIMARY KEY (grouped_by, span, ends_at, key)
);
COMMENT ON TABLE usage_periods IS
    'How many addresses each group held in a period, from the history: quarters of an hour for three hours, hours for three days, six hours for 40 days, and days (UTC) for 400 days. sum_usage_v1() writes them.';
COMMENT ON COLUMN usage_periods.grouped_by IS
    'namespace, cluster, node, network or pool; all: everything, also where nothing is held, so that a missing period shows.';
COMMENT ON COLUMN usage_periods.span IS 'Length of the period: 15 minutes, 1 hour, 6 hours or 1 day.';
COMMENT ON COLUMN usage_periods.ends_at IS 'End of the period.';
COMMENT ON COLUMN usage_periods.key IS
    'The group: a name, or the ID of a network or pool; '''' for all, and without a namespace, cluster or node.';
COMMENT ON COLUMN usage_periods.used IS 'Addresses held at the end of the period.';
COMMENT ON COLUMN usage_periods.begun IS 'Tenures that began in the period.';
COMMENT ON COLUMN usage_periods.ended IS 'Tenures that ended in the period.';
COMMENT ON COLUMN usage_periods.seconds IS 'Sum of the seconds that each address was held in the period.';
COMMENT ON INDEX usage_periods_pkey IS 'The groups of a period; the periods of a length, in order.';
