CREATE DOMAIN host_address AS inet
    CHECK (masklen(VALUE) = CASE family(VALUE) WHEN 4 THEN 32 ELSE 128 END);
COMMENT ON DOMAIN host_address IS 'One address, without a prefix length: inet with a full mask.';
