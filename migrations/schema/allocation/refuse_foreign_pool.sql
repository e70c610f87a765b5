CREATE FUNCTION refuse_foreign_pool(of_network integer, of_pool integer, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- The allocator takes an address from its own pool; a user may mistype the pool.
BEGIN
    IF NOT EXISTS (SELECT FROM pools WHERE id = of_pool AND network_id = of_network AND wanted <<= cidr) THEN
        RAISE EXCEPTION 'pool_id % is not a pool of network % that contains %', of_pool, of_network, host(wanted)
            USING ERRCODE = 'foreign_key_violation';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_foreign_pool(integer, integer, inet) IS 'Raises an error unless a pool of a network contains an address.';
