CREATE FUNCTION quarantined_for(wanted_network integer, owner text, wanted inet, firsts inet[], lasts inet[]) RETURNS inet
LANGUAGE sql STABLE
RETURN (SELECT f.first FROM rowhouse.free_ranges f
         WHERE f.quarantined AND f.previous_owner = owner AND f.network_id + 0 = wanted_network
           AND f.first = coalesce(wanted, f.first)
           AND (NOT rowhouse.is_withheld(f.network_id, f.first)
                OR wanted IS NOT NULL AND rowhouse.is_on_request(f.network_id, f.first))
           AND (SELECT true FROM unnest(firsts, lasts) AS s (first, last)
                 WHERE f.first BETWEEN s.first AND s.last LIMIT 1)
         ORDER BY f.first LIMIT 1);
COMMENT ON FUNCTION quarantined_for(integer, text, inet, inet[], inet[]) IS
    'An address of some segments that is quarantined because this owner released it; the quarantine does not apply to this owner.';
