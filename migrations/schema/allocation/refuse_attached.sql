CREATE FUNCTION refuse_attached(change text, of_network integer, firsts inet[], lasts inet[], of_pool integer DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql AS $$
-- Raises in_the_way if a sandbox uses an address of these segments (of one pool, or of any), unless the change is forced.
DECLARE
    used    bigint;
    example text;
BEGIN
    IF is_forced() THEN
        RETURN;
    END IF;
    SELECT count(*), (array_agg(concat(host(r.address), ' (', nullif(r.owner_namespace, '') || '/', r.owner_name, ' on node ',
                                       coalesce(nullif(r.node, ''), 'unknown'), ')') ORDER BY r.address))[1]
      INTO used, example
      FROM unnest(firsts, lasts) AS s (first, last)
      JOIN reservations r ON r.network_id = of_network AND r.address BETWEEN s.first AND s.last
     WHERE (of_pool IS NULL OR r.pool_id = of_pool)
       AND EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address);
    IF used > 0 THEN
        RAISE EXCEPTION '% affects % that running sandboxes use: %', change,
                        CASE used WHEN 1 THEN '1 address' ELSE used || ' addresses' END,
                        example || CASE WHEN used > 1 THEN ', …' ELSE '' END
            USING ERRCODE = error_code('in_the_way'), HINT = 'Delete these pods first, or pass `force`.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_attached IS 'Raises in_the_way if a change affects addresses that running sandboxes use, unless it is forced.';
