-- Errors: not_found, address_outside_ranges, address_taken, quota_exceeded, invalid_config.

CREATE FUNCTION request_v1(
    actor text, request_id text, wanted_pool integer, wanted inet[], how_many integer,
    kind owner_kind, cluster text, namespace text, name text, interface text, ttl interval, why text,
    new_labels jsonb, valid interval)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Asks an operator for the given addresses, or (wanted NULL) for the lowest free ones. It reserves nothing, so an
-- address may be taken meanwhile.
#variable_conflict use_variable
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    pool    pools;
    made    integer;
BEGIN
    PERFORM refuse_owner(kind, cluster, namespace, interface);
    PERFORM act_as(actor, request_id);
    PERFORM expire_requests();
    SELECT * INTO pool FROM pools p WHERE p.id = wanted_pool FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no pool %', wanted_pool
            USING ERRCODE = error_code('not_found'), HINT = '`rowhouse pool list` lists the existing ones.';
    END IF;
    PERFORM refuse_hopeless(pool, a.address) FROM unnest(wanted) AS a (address);
    INSERT INTO requests (pool_id, cidr, owner_kind, owner_cluster, owner_namespace, owner_name, owner_interface,
                          addresses, how_many, ttl, description, labels, requested_by, expires_at)
    VALUES (pool.id, pool.cidr, kind, cluster, namespace, name, interface, wanted, coalesce(cardinality(wanted), how_many),
            ttl, why, nullif(new_labels, '{}'), actor, clock_timestamp() + valid)
    RETURNING id INTO made;
    PERFORM check_requested(namespace, pool.id);
    RETURN made;
END $$;
COMMENT ON FUNCTION request_v1 IS 'Asks an operator for addresses, within the quota of the namespace; returns the ID of the request.';
