CREATE FUNCTION refuse_hopeless(pool pools, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises the reason why no operator could approve a request for an address. An address that is only in use now, by a
-- sandbox or for a time to live, may be free by then. Names no owner: the caller may be a team.
DECLARE
    what text := coalesce(special_use(pool, wanted),
                          CASE WHEN is_kept_out(pool.network_id, wanted) THEN why_withheld(pool.network_id, wanted) END);
BEGIN
    IF NOT wanted <<= pool.cidr THEN
        RAISE EXCEPTION 'address % is outside pool %', host(wanted), pool.cidr
            USING ERRCODE = error_code('address_outside_ranges'), HINT = 'Request an address of this pool, or use the pool that contains it.';
    END IF;
    IF what IS NOT NULL THEN
        RAISE EXCEPTION 'address % is %', host(wanted), what
            USING ERRCODE = error_code('address_outside_ranges'), HINT = 'Request another address, or a number of addresses without naming them.';
    END IF;
    IF EXISTS (SELECT FROM reservations r
                WHERE r.network_id = pool.network_id AND r.address = wanted AND r.sticky AND r.sticky_ttl IS NULL AND r.expires_at IS NULL) THEN
        RAISE EXCEPTION 'address % is reserved until its owner releases it', host(wanted)
            USING ERRCODE = error_code('address_taken'), HINT = 'Request another address, or a number of addresses without naming them.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_hopeless(pools, inet) IS 'Raises the reason why a request for an address could never be approved.';
