CREATE FUNCTION refuse_candidates(of_network integer, firsts inet[], lasts inet[], range_no integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    total   numeric := (SELECT sum(address_count(s.first, s.last)) FROM unnest(firsts, lasts) AS s (first, last));
    taken   text := CASE total WHEN 1 THEN 'the only candidate is taken' ELSE 'all ' || total || ' candidates are taken' END;
    held_by text;
    owners  jsonb;
BEGIN
    SELECT string_agg(concat(host(r.address), ' is in use by ',
                             concat_ws('/', nullif(r.owner_namespace, ''), r.owner_name)), ', ' ORDER BY r.address),
           coalesce(jsonb_agg(DISTINCT jsonb_build_array(r.owner_cluster, r.owner_namespace)), '[]')
      INTO held_by, owners
      FROM (SELECT one.* FROM unnest(firsts, lasts) AS s (first, last)
             CROSS JOIN LATERAL (SELECT * FROM reservations r
                                  WHERE r.network_id = of_network AND r.address BETWEEN s.first AND s.last
                                  ORDER BY r.address LIMIT 3) AS one
             ORDER BY one.address LIMIT 3) AS r;
    held_by := concat(coalesce(held_by, 'quarantined or excluded'), CASE WHEN total > 3 THEN ', …' END);
    RAISE EXCEPTION '%: %', taken, held_by
        USING ERRCODE = error_code('address_taken'),
              DETAIL = jsonb_build_object('range', range_no, 'message', taken, 'held_by', held_by, 'owners', owners),
              HINT = 'Add candidates, or release one of them. Operators see their owners: `rowhouse event list`.';
END $$;
COMMENT ON FUNCTION refuse_candidates(integer, inet[], inet[], integer) IS 'Raises address_taken: every candidate of a range is taken.';
