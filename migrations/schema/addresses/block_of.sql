CREATE FUNCTION block_of(address inet) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN set_masklen(address, CASE family(address) WHEN 4 THEN 26 ELSE 122 END);
COMMENT ON FUNCTION block_of(inet) IS
    'The aligned block of 64 that holds an address: the unit in which a large run is split for concurrent writers.';
