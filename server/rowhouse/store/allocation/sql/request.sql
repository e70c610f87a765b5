-- Sends a request for addresses. The same transaction stores its id with the Idempotency-Key, if there is one, so that
-- the repetition of an interrupted request finds it.
WITH made AS MATERIALIZED (
    SELECT rowhouse.request_v1(%(actor)s, %(request_id)s, %(pool)s, %(addresses)s::inet[], %(count)s,
                               %(kind)s::rowhouse.owner_kind, %(cluster)s, %(namespace)s, %(name)s, %(interface)s,
                               %(ttl)s::float8 * interval '1 second', %(description)s, %(labels)s::jsonb,
                               %(valid)s::float8 * interval '1 second') AS id),
noted AS (
    UPDATE rowhouse.idempotency_keys SET body = (SELECT id::text FROM made)
     WHERE actor = %(actor)s AND key = %(key)s)
SELECT id FROM made
