CREATE FUNCTION network_keys(prefix inet) RETURNS int8range
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE family(prefix) WHEN 4 THEN int8range((first_address(prefix) - inet '128.0.0.0') << 31,
                                                 (last_address(prefix) - inet '128.0.0.0') + 1 << 31) END;
COMMENT ON FUNCTION network_keys(inet) IS
    'The keys (network_key) of an IPv4 prefix in all networks; NULL for IPv6.';
