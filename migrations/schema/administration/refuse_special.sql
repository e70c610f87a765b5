CREATE FUNCTION refuse_special(pool pools, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises in_the_way for addresses that need force: a gateway, and the network and broadcast address of a pool whose
-- window does not contain them.
DECLARE
    what text := special_use(pool, wanted);
BEGIN
    IF what IS NOT NULL THEN
        RAISE EXCEPTION 'address % is %', host(wanted), what
            USING ERRCODE = error_code('in_the_way'), HINT = 'To reserve it anyway, pass `force`.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_special(pools, inet) IS 'Raises in_the_way for a gateway, a network address or a broadcast address.';
