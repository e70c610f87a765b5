CREATE FUNCTION first_usable(block cidr) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN masklen(block) >= CASE family(block) WHEN 4 THEN 31 ELSE 127 END
            THEN first_address(block) ELSE first_address(block) + 1 END;
COMMENT ON FUNCTION first_usable(cidr) IS 'First address after the network address; a /31 or /32 is used completely (RFC 3021).';
