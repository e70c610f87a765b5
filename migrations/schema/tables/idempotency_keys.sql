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
COMMENT ON TABLE idempotency_keys IS 'Responses of the API to requests with an Idempotency-Key, kept for a day.';
COMMENT ON COLUMN idempotency_keys.actor IS 'The caller that sent the request.';
COMMENT ON COLUMN idempotency_keys.key IS 'The header Idempotency-Key.';
COMMENT ON COLUMN idempotency_keys.request IS
    'SHA-256 of method, path and body: the same key with another request is an error.';
COMMENT ON COLUMN idempotency_keys.status IS 'HTTP status of the response; NULL while the first request is running.';
COMMENT ON COLUMN idempotency_keys.body IS
    'Body of the response; NULL while the first request is running, or if the response has none.';
COMMENT ON COLUMN idempotency_keys.headers IS
    'Headers of the response, as a JSON object; NULL while the first request is running.';
COMMENT ON COLUMN idempotency_keys.created_at IS 'When the first request arrived; the row is deleted a day later.';
COMMENT ON INDEX idempotency_keys_pkey IS 'One response for each caller and key.';
COMMENT ON INDEX idempotency_keys_created IS 'Finds rows that are old enough to delete.';
