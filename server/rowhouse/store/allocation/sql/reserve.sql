-- Reserves addresses for an operator. The same transaction stores them with the Idempotency-Key, if there is one, so
-- that the repetition of an interrupted request finds them.
WITH made AS MATERIALIZED (
    SELECT network_id, host(address) AS address
      FROM rowhouse.reserve_v2(%(actor)s, %(request_id)s, %(pool)s, %(addresses)s::inet[], %(count)s,
                               %(kind)s::rowhouse.owner_kind, %(cluster)s, %(namespace)s, %(name)s,
                               %(interface)s, %(ttl)s::float8 * interval '1 second', %(description)s,
                               %(force)s, %(labels)s::jsonb)),
noted AS (
    UPDATE rowhouse.idempotency_keys
       SET body = (SELECT jsonb_agg(jsonb_build_array(network_id, address))::text FROM made)
     WHERE actor = %(actor)s AND key = %(key)s)
SELECT network_id, address FROM made
