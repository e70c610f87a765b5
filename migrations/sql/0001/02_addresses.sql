-- Arithmetic on addresses. Not STRICT on purpose: PostgreSQL inlines only functions that are not.

CREATE FUNCTION first_address(block inet) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN set_masklen(network(block)::inet, CASE family(block) WHEN 4 THEN 32 ELSE 128 END);
COMMENT ON FUNCTION first_address(inet) IS 'The all-zero address of a block.';

CREATE FUNCTION last_address(block inet) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN set_masklen(broadcast(block), CASE family(block) WHEN 4 THEN 32 ELSE 128 END);
COMMENT ON FUNCTION last_address(inet) IS 'The all-ones address of a block.';

CREATE FUNCTION block_of(address inet) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN set_masklen(address, CASE family(address) WHEN 4 THEN 26 ELSE 122 END);
COMMENT ON FUNCTION block_of(inet) IS
    'The aligned block of 64 that holds an address: the unit in which a large run is split for concurrent writers.';

CREATE FUNCTION first_usable(block cidr) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN masklen(block) >= CASE family(block) WHEN 4 THEN 31 ELSE 127 END
            THEN first_address(block) ELSE first_address(block) + 1 END;
COMMENT ON FUNCTION first_usable(cidr) IS 'First address after the network address; a /31 or /32 is used whole (RFC 3021).';

CREATE FUNCTION last_usable(block cidr) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN masklen(block) >= CASE family(block) WHEN 4 THEN 31 ELSE 127 END
            THEN last_address(block) ELSE last_address(block) - 1 END;
COMMENT ON FUNCTION last_usable(cidr) IS 'Last address before the broadcast address; a /31 or /32 is used whole (RFC 3021).';

CREATE FUNCTION address_number(address inet) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT sum(get_byte(raw, position) * power(256::numeric, length(raw) - 1 - position))::numeric(39, 0)
        FROM (SELECT substring(inet_send(address) FROM 5)) AS bytes (raw),
             generate_series(0, length(raw) - 1) AS position);
COMMENT ON FUNCTION address_number(inet) IS 'The address as a number: exact for IPv6, where inet subtraction is not.';
