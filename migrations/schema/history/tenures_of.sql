CREATE FUNCTION tenures_of(of_network integer, of_address inet) RETURNS SETOF tenures
LANGUAGE sql STABLE
-- The conditions are those of the two exclusion constraints of tenures, for their indexes.
BEGIN ATOMIC
    SELECT t.* FROM tenures t
     WHERE family(of_address) = 4 AND family(t.address) = 4
       AND network_key(t.network_id, t.address) = network_key(of_network, of_address)
    UNION ALL
    SELECT t.* FROM tenures t
     WHERE family(of_address) = 6 AND family(t.address) = 6
       AND address_key(t.address) = address_key(of_address) AND t.address = of_address AND t.network_id = of_network;
END;
COMMENT ON FUNCTION tenures_of(integer, inet) IS 'The history of an address in one network.';
