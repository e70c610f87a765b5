CREATE FUNCTION check_requested(holder text, of_pool integer) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises quota_exceeded if what a namespace holds and what its pending requests ask for are more than its quota. Locks
-- the row of the quota, as check_quotas() does, so that two requests cannot both ask for its last address.
DECLARE
    quota quotas;
    held  bigint;
    asked bigint;
BEGIN
    FOR quota IN
        SELECT * FROM quotas q WHERE q.namespace = holder
           AND (q.pool_id IS NULL OR q.pool_id = of_pool) ORDER BY q.id FOR NO KEY UPDATE
    LOOP
        SELECT count(*) INTO held FROM reservations r
         WHERE r.owner_namespace = holder AND (quota.pool_id IS NULL OR r.pool_id = quota.pool_id);
        SELECT coalesce(sum(r.how_many), 0) INTO asked FROM current_requests r
         WHERE r.namespace = holder AND r.state = 'pending' AND (quota.pool_id IS NULL OR r.pool_id = quota.pool_id);
        IF held + asked > quota.addresses THEN
            RAISE EXCEPTION 'namespace "%" holds % and requests %, but may hold at most %', holder, held, asked,
                            concat(quota.addresses, (SELECT ' in pool ' || p.cidr FROM pools p WHERE p.id = quota.pool_id))
                USING ERRCODE = error_code('quota_exceeded'),
                      HINT = 'Request fewer addresses, release unused ones or withdraw a request, or ask an administrator to raise the quota.';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION check_requested(text, integer) IS
    'Raises quota_exceeded if a namespace holds and requests more addresses of a pool than its quota allows.';
