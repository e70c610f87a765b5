CREATE FUNCTION in_prefix(prefix inet, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The keys are for the indexes, as in who_had(). That of IPv6 has the last 62 bits of an address: they are one span
    -- only in a prefix as long as /66. In a shorter one, the address leads.
    SELECT h.* FROM address_history h
     WHERE family(prefix) = 4 AND family(h.address) = 4
       AND network_key(h.network_id, h.address) <@ network_keys(prefix)
       AND h.during && tstzrange(since, until)
    UNION ALL
    SELECT h.* FROM address_history h
     WHERE family(prefix) = 6 AND masklen(prefix) >= 66 AND family(h.address) = 6
       AND address_key(h.address) <@ range_merge(address_key(first_address(prefix)), address_key(last_address(prefix)))
       AND h.address BETWEEN first_address(prefix) AND last_address(prefix)
       AND h.during && tstzrange(since, until)
    UNION ALL
    SELECT h.* FROM address_history h
     WHERE family(prefix) = 6 AND masklen(prefix) < 66
       AND h.address BETWEEN first_address(prefix) AND last_address(prefix)
       AND h.during && tstzrange(since, until);
END;
COMMENT ON FUNCTION in_prefix(inet, timestamptz, timestamptz) IS
    'Every owner of addresses in a prefix at any time of a period, in every network; NULL: from the beginning, until now.';
