CREATE FUNCTION in_named_ranges(
    of_network integer, cidr cidr, names text[], range_no integer, INOUT firsts inet[], INOUT lasts inet[])
LANGUAGE plpgsql STABLE AS $$
-- Names of the other family only do not limit a range: a call may have ranges of both.
DECLARE
    unknown text;
    found_firsts inet[];
    found_lasts  inet[];
BEGIN
    SELECT n.name INTO unknown FROM unnest(names) AS n (name)
     WHERE NOT EXISTS (SELECT FROM exclusions e WHERE e.network_id = of_network AND e.name = n.name) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the network of % has no range for requests named "%"', cidr, unknown
            USING ERRCODE = error_code('invalid_config'), DETAIL = range_no,
                  HINT = 'Create it with `rowhouse exclusion create --requests-only --name`; `rowhouse exclusion list` shows the existing ones.';
    END IF;
    IF NOT EXISTS (SELECT FROM exclusions e
                    WHERE e.network_id = of_network AND e.name = ANY (names) AND family(e.first) = family(cidr)) THEN
        RETURN;
    END IF;
    SELECT array_agg(greatest(s.first, e.first)::inet ORDER BY e.first), array_agg(least(s.last, e.last)::inet ORDER BY e.first)
      INTO found_firsts, found_lasts
      FROM unnest(firsts, lasts) AS s (first, last)
      JOIN exclusions e ON e.network_id = of_network AND e.name = ANY (names) AND e.last >= s.first AND e.first <= s.last;
    IF found_firsts IS NULL THEN
        RAISE EXCEPTION 'no address named % is in the range of %', array_to_string(names, ' or '), cidr
            USING ERRCODE = error_code('address_outside_ranges'), DETAIL = range_no,
                  HINT = 'Name a range for requests inside it: `rowhouse exclusion list` shows them.';
    END IF;
    firsts := found_firsts;
    lasts := found_lasts;
END $$;
COMMENT ON FUNCTION in_named_ranges IS 'The parts of some segments that are in ranges for requests with one of some names.';
