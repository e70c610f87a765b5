CREATE TABLE idempotency_keys (
    actor      text NOT NULL,
    key        text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request    bytea NOT NULL,
    status     integer,
    body       text,
    headers    jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
COMMENT ON TABLE idempotency_keys IS 'Answers of the API to requests with an Idempotency-Key, kept for a day.';
COMMENT ON COLUMN idempotency_keys.request IS 'SHA-256 of method, path and body: the same key with another request is an error.';
COMMENT ON COLUMN idempotency_keys.status IS 'NULL while the first request is under way.';
