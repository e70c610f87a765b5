CREATE FUNCTION span_last(span inetrange) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN upper_inf(span) THEN 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'
            WHEN upper(span) = '::' AND family(lower(span)) = 4 THEN '255.255.255.255' ELSE upper(span) - 1 END;
COMMENT ON FUNCTION span_last(inetrange) IS 'The last address of a span.';
