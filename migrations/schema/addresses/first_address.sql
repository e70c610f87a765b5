CREATE FUNCTION first_address(block inet) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN set_masklen(network(block)::inet, CASE family(block) WHEN 4 THEN 32 ELSE 128 END);
COMMENT ON FUNCTION first_address(inet) IS 'The all-zero address of a block.';
