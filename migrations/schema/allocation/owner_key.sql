CREATE FUNCTION owner_key(cluster text, namespace text, name text, interface text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cluster || ' ' || namespace || ' ' || name || ' ' || interface;
COMMENT ON FUNCTION owner_key(text, text, text, text) IS 'An owner as one string; none of its parts contains a space.';
