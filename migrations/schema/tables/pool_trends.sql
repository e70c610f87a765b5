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
COMMENT ON COLUMN pool_trends.day IS 'Held at 25 moments, an hour apart, the oldest first; NULL before the first sample.';
COMMENT ON COLUMN pool_trends.week IS 'Held at 57 moments, three hours apart, the oldest first; NULL before the first sample.';
COMMENT ON COLUMN pool_trends.day_slope IS 'Addresses an hour, by linear regression over a day; NULL: too few samples.';
COMMENT ON COLUMN pool_trends.day_fit IS 'How much of the change the line explains (R squared), 0 to 1.';
COMMENT ON COLUMN pool_trends.week_slope IS 'The same over a week.';
