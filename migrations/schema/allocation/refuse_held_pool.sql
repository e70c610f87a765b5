CREATE FUNCTION refuse_held_pool(wanted_pool integer, wanted cidr, range_no integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    hold assignment_hold;
BEGIN
    SELECT * INTO hold FROM assignment_hold h
     WHERE NOT EXISTS (SELECT FROM assignment_hold_pools p WHERE p.pool_id = wanted_pool);
    IF FOUND THEN
        RAISE EXCEPTION 'pool % assigns no address until the running pods are imported: %', wanted, hold.reason
            USING ERRCODE = error_code('try_again'), DETAIL = range_no,
                  HINT = 'Run `rowhouse import pods`, and then `rowhouse import resume`. Held by ' || hold.actor || '.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_held_pool(integer, cidr, integer) IS 'Raises try_again while new addresses of a pool are held back.';
