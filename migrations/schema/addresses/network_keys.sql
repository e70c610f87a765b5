CREATE FUNCTION network_keys(address inet) RETURNS int8range
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE family(address) WHEN 4 THEN int8range((address - inet '128.0.0.0') << 31,
                                                  (address - inet '128.0.0.0') + 1 << 31) END;
COMMENT ON FUNCTION network_keys(inet) IS
    'The keys (network_key) of an IPv4 address in all networks; NULL for IPv6.';
