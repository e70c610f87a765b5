CREATE FUNCTION refuse_special(pool pools, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises in_the_way for addresses that need force: a gateway, and the network and broadcast address of a pool whose
-- window does not contain them.
DECLARE
    what text;
BEGIN
    IF EXISTS (SELECT FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted)
       OR is_kept_out(pool.network_id, wanted) THEN
        RETURN; -- it is refused for another reason
    END IF;
    what := CASE WHEN is_withheld(pool.network_id, wanted) AND NOT is_on_request(pool.network_id, wanted) THEN why_withheld(pool.network_id, wanted)
                 WHEN wanted >= coalesce(pool.window_first, first_usable(pool.cidr))
                      AND wanted <= coalesce(pool.window_last, last_usable(pool.cidr)) THEN NULL
                 WHEN wanted < first_usable(pool.cidr) THEN 'the network address of pool ' || pool.cidr
                 WHEN wanted > last_usable(pool.cidr) AND family(wanted) = 4 THEN 'the broadcast address of pool ' || pool.cidr
                 WHEN wanted > last_usable(pool.cidr) THEN 'the last address of pool ' || pool.cidr END;
    IF what IS NOT NULL THEN
        RAISE EXCEPTION 'address % is %', host(wanted), what
            USING ERRCODE = error_code('in_the_way'), HINT = 'To reserve it anyway, pass `force`.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_special(pools, inet) IS 'Raises in_the_way for a gateway, a network address or a broadcast address.';
