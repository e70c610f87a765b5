CREATE FUNCTION last_usable(block cidr) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN masklen(block) >= CASE family(block) WHEN 4 THEN 31 ELSE 127 END
            THEN last_address(block) ELSE last_address(block) - 1 END;
COMMENT ON FUNCTION last_usable(cidr) IS 'Last address before the broadcast address; a /31 or /32 is used completely (RFC 3021).';
