CREATE FUNCTION address_number(address inet) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT sum(get_byte(raw, position) * power(256::numeric, length(raw) - 1 - position))::numeric(39, 0)
        FROM (SELECT substring(inet_send(address) FROM 5)) AS bytes (raw),
             generate_series(0, length(raw) - 1) AS position);
COMMENT ON FUNCTION address_number(inet) IS 'The address as a number: exact for IPv6, where inet subtraction is not.';
