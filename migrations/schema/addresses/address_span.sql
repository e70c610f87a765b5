CREATE FUNCTION address_span(first inet, last inet) RETURNS inetrange
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN rowhouse.inetrange(first, CASE last WHEN '255.255.255.255' THEN '::' WHEN 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' THEN NULL
                                           ELSE last + 1 END);
COMMENT ON FUNCTION address_span(inet, inet) IS 'The addresses from first to last, inclusive, as a half-open range.';
