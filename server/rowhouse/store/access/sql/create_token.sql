-- Stores a new token; no row if the name is taken.
INSERT INTO rowhouse.tokens (name, role, cluster, node, namespaces, digest, expires_at)
VALUES (%(name)s, %(role)s, %(cluster)s, %(node)s, %(namespaces)s, %(digest)s,
        clock_timestamp() + %(seconds)s::float8 * interval '1 second')
ON CONFLICT (name) DO NOTHING
RETURNING name
