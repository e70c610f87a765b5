CREATE TABLE pool_trends (
    pool_id    integer PRIMARY KEY REFERENCES pools ON DELETE CASCADE,
    sampled_at timestamptz NOT NULL,
    day        bigint[] NOT NULL,
    week       bigint[] NOT NULL,
    day_slope  double precision,
    day_fit    double precision,
    week_slope double precision,
    week_fit   double precision
);
COMMENT ON TABLE pool_trends IS 'What the samples of a pool come to, as of the last one: where its fill is going.';
COMMENT ON COLUMN pool_trends.pool_id IS 'The pool: pools.id.';
COMMENT ON COLUMN pool_trends.sampled_at IS 'The moment of the last sample.';
COMMENT ON COLUMN pool_trends.day IS
    'In use at 25 moments, an hour apart, the oldest first; NULL before the first sample.';
COMMENT ON COLUMN pool_trends.week IS
    'In use at 57 moments, three hours apart, the oldest first; NULL before the first sample.';
COMMENT ON COLUMN pool_trends.day_slope IS 'Addresses an hour, by linear regression over a day; NULL: too few samples.';
COMMENT ON COLUMN pool_trends.day_fit IS
    'How much of the change over a day the line explains (R squared), 0 to 1; NULL: too few samples, or no change.';
COMMENT ON COLUMN pool_trends.week_slope IS
    'Addresses an hour, by linear regression over a week; NULL: too few samples.';
COMMENT ON COLUMN pool_trends.week_fit IS
    'How much of the change over a week the line explains (R squared), 0 to 1; NULL: too few samples, or no change.';
COMMENT ON INDEX pool_trends_pkey IS 'One row per pool.';
