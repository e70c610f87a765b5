CREATE FUNCTION network_key(network_id integer, address inet) RETURNS int8range
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE family(address) WHEN 4 THEN int8range(((address - inet '128.0.0.0') << 31) + network_id,
                                                  ((address - inet '128.0.0.0') << 31) + network_id, '[]') END;
COMMENT ON FUNCTION network_key(integer, inet) IS
    'An IPv4 address and its network as a range of one number, exactly; NULL for IPv6, which does not fit.';
