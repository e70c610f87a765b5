CREATE TYPE inetrange AS RANGE (SUBTYPE = inet);
COMMENT ON TYPE inetrange IS 'A span of addresses; address_span() makes it half-open, so that neighbors touch.';
COMMENT ON TYPE inetmultirange IS 'A set of addresses: spans, half-open, that do not touch.';
