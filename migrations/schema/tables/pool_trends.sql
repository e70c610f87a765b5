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
COMMENT ON TABLE pool_trends IS 'The trend of a pool''s fill, computed from its samples.';
COMMENT ON COLUMN pool_trends.pool_id IS 'The pool: pools.id.';
COMMENT ON COLUMN pool_trends.sampled_at IS 'The time of the last sample.';
COMMENT ON COLUMN pool_trends.day IS
    'Addresses in use at 25 times, one hour apart, oldest first; NULL before the first sample.';
COMMENT ON COLUMN pool_trends.week IS
    'Addresses in use at 57 times, three hours apart, oldest first; NULL before the first sample.';
COMMENT ON COLUMN pool_trends.day_slope IS 'Addresses per hour, by linear regression over a day; NULL: too few samples.';
COMMENT ON COLUMN pool_trends.day_fit IS
    'Coefficient of determination (R squared) of the line over a day, 0 to 1; NULL: too few samples, or no change.';
COMMENT ON COLUMN pool_trends.week_slope IS
    'Addresses per hour, by linear regression over a week; NULL: too few samples.';
COMMENT ON COLUMN pool_trends.week_fit IS
    'Coefficient of determination (R squared) of the line over a week, 0 to 1; NULL: too few samples, or no change.';
COMMENT ON INDEX pool_trends_pkey IS 'One row per pool.';
