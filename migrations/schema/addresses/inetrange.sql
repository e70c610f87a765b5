CREATE TYPE inetrange AS RANGE (SUBTYPE = inet);
COMMENT ON TYPE inetrange IS 'A span of addresses; address_span() makes it half-open, so that neighbors touch.';
