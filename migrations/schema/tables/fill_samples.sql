CREATE TABLE fill_samples (
    pool_id  integer NOT NULL REFERENCES pools ON DELETE CASCADE,
    at       timestamptz NOT NULL,
    used     bigint NOT NULL,
    PRIMARY KEY (pool_id, at)
);
CREATE INDEX fill_samples_at ON fill_samples (at);
COMMENT ON TABLE fill_samples IS
    'How many addresses of a pool were in use (used in pool_counts): every 15 minutes for the last two days, every hour for 35 days, and before that once a day, at midnight UTC.';
COMMENT ON COLUMN fill_samples.pool_id IS 'The pool: pools.id.';
COMMENT ON COLUMN fill_samples.at IS 'The time of the sample.';
COMMENT ON COLUMN fill_samples.used IS 'How many of the pool''s assignable addresses were in use, assigned by this pool or another one.';
COMMENT ON INDEX fill_samples_pkey IS 'The samples of a pool, in order.';
COMMENT ON INDEX fill_samples_at IS 'Finds samples that are old enough to thin out.';
