CREATE TYPE inetrange AS RANGE (SUBTYPE = inet);
COMMENT ON TYPE inetrange IS 'A span of addresses; address_span() returns it half-open, so that adjacent spans touch.';
COMMENT ON TYPE inetmultirange IS 'A set of addresses: half-open spans that do not touch.';
