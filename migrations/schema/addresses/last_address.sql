CREATE FUNCTION last_address(block inet) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN set_masklen(broadcast(block), CASE family(block) WHEN 4 THEN 32 ELSE 128 END);
COMMENT ON FUNCTION last_address(inet) IS 'The all-ones address of a block.';
