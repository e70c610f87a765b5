CREATE FUNCTION block_of(address inet) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN set_masklen(address, CASE family(address) WHEN 4 THEN 26 ELSE 122 END);
COMMENT ON FUNCTION block_of(inet) IS
    'The aligned block of 64 addresses that contains an address: large runs are split at blocks, for concurrent writers.';
