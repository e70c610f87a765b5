CREATE FUNCTION check_quotas(holder text, of_pool integer) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises quota_exceeded if a namespace holds more than its quota. Locks the row of the quota, so that two allocations
-- cannot both take its last address.
DECLARE
    quota quotas;
BEGIN
    FOR quota IN
        SELECT * FROM quotas q WHERE q.namespace = holder
           AND (q.pool_id IS NULL OR q.pool_id = of_pool) ORDER BY q.id FOR NO KEY UPDATE
    LOOP
        IF (SELECT count(*) FROM (
                SELECT FROM reservations r
                 WHERE r.owner_namespace = quota.namespace AND (quota.pool_id IS NULL OR r.pool_id = quota.pool_id)
                 LIMIT quota.addresses + 1) AS counted) > quota.addresses THEN
            RAISE EXCEPTION 'namespace "%" may hold %', quota.namespace,
                            concat(quota.addresses, CASE quota.addresses WHEN 1 THEN ' address' ELSE ' addresses' END,
                                   (SELECT ' in pool ' || p.cidr FROM pools p WHERE p.id = quota.pool_id))
                USING ERRCODE = error_code('quota_exceeded'), HINT = 'Raise the quota, or release unused addresses.';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION check_quotas(text, integer) IS 'Raises quota_exceeded if a namespace holds more addresses of a pool than its quota allows.';
