-- Networks and pools: what a new pool adds to the free space, and what a pool that goes takes with it.

CREATE FUNCTION uncovered_runs(wanted_network integer, wanted cidr, except_pool integer)
RETURNS TABLE (run_first inet, run_last inet)
LANGUAGE plpgsql STABLE AS $$
-- The parts of a CIDR that no other pool of the network covers. CIDRs nest or are apart, so the largest
-- ones inside, in order, leave the gaps.
DECLARE
    inner_cidr cidr;
    position   inet := first_address(wanted);
    covered    boolean := false;
BEGIN
    IF EXISTS (SELECT FROM pools WHERE network_id = wanted_network AND id <> except_pool AND cidr >>= wanted) THEN
        RETURN;
    END IF;
    FOR inner_cidr IN
        SELECT p.cidr FROM pools p
         WHERE p.network_id = wanted_network AND p.id <> except_pool AND p.cidr << wanted
           AND NOT EXISTS (SELECT FROM pools larger
                            WHERE larger.network_id = wanted_network AND larger.id <> except_pool
                              AND larger.cidr >> p.cidr AND larger.cidr << wanted)
         ORDER BY p.cidr
    LOOP
        IF first_address(inner_cidr) > position THEN
            RETURN QUERY SELECT position, first_address(inner_cidr) - 1;
        END IF;
        covered := last_address(inner_cidr) = last_address(wanted);
        EXIT WHEN covered;
        position := last_address(inner_cidr) + 1;
    END LOOP;
    IF NOT covered THEN
        RETURN QUERY SELECT position, last_address(wanted);
    END IF;
END $$;
COMMENT ON FUNCTION uncovered_runs(integer, cidr, integer) IS 'The parts of a CIDR that no other pool of the network covers.';

CREATE FUNCTION pool_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    run   record;
    held  bigint;
BEGIN
    -- One pool of a network at a time: coverage is worked out from the other pools.
    PERFORM FROM networks WHERE id = coalesce(NEW.network_id, OLD.network_id) FOR UPDATE;
    IF TG_OP = 'INSERT' THEN
        FOR run IN SELECT * FROM uncovered_runs(NEW.network_id, NEW.cidr, NEW.id) LOOP
            INSERT INTO free_ranges (network_id, first, last, free_from)
            VALUES (NEW.network_id, run.run_first, run.run_last, '-infinity');
        END LOOP;
        PERFORM record_change('pool.create', NEW.cidr::text, NULL, to_jsonb(NEW));
    ELSIF TG_OP = 'DELETE' THEN
        FOR run IN SELECT * FROM uncovered_runs(OLD.network_id, OLD.cidr, OLD.id) LOOP
            PERFORM withdraw_run(OLD.network_id, run.run_first, run.run_last);
        END LOOP;
        -- Counted after every run is withdrawn: an allocation under way has ended by now.
        SELECT count(*) INTO held FROM reservations
         WHERE network_id = OLD.network_id AND address BETWEEN first_address(OLD.cidr) AND last_address(OLD.cidr)
           AND pool_id = OLD.id;
        IF held > 0 THEN
            RAISE EXCEPTION 'pool % of network "%" still holds % reservations', OLD.cidr, OLD.network_name, held
                USING ERRCODE = 'RH410', HINT = 'Release them first.';
        END IF;
        PERFORM record_change('pool.delete', OLD.cidr::text, to_jsonb(OLD), NULL);
    ELSE
        IF (NEW.id, NEW.network_id, NEW.network_name, NEW.cidr)
           IS DISTINCT FROM (OLD.id, OLD.network_id, OLD.network_name, OLD.cidr) THEN
            RAISE EXCEPTION 'the network and the CIDR of pool % can not change', OLD.cidr
                USING ERRCODE = 'RH410',
                      HINT = 'Create a pool of the other CIDR: pools that overlap share their free addresses.';
        END IF;
        PERFORM record_change('pool.update', NEW.cidr::text, to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER pools_change AFTER INSERT OR UPDATE OR DELETE ON pools
    FOR EACH ROW EXECUTE FUNCTION pool_changed();

CREATE FUNCTION ensure_pool(wanted_network text, wanted cidr, wants_isolation boolean) RETURNS pools
LANGUAGE plpgsql AS $$
-- The pool of this CIDR in this network, made if there is none. The first caller decides whether it has
-- a space of its own: the identity of a pool is its network and its CIDR, as upstream.
DECLARE
    found_pool pools;
    space      integer;
BEGIN
    SELECT * INTO found_pool FROM pools WHERE network_name = wanted_network AND cidr = wanted;
    IF FOUND THEN
        RETURN found_pool;
    END IF;
    INSERT INTO networks (name, isolated)
    VALUES (wanted_network, CASE WHEN wants_isolation THEN wanted END) ON CONFLICT DO NOTHING;
    SELECT id INTO space FROM networks
     WHERE name = wanted_network AND isolated IS NOT DISTINCT FROM CASE WHEN wants_isolation THEN wanted END
       FOR UPDATE;
    INSERT INTO pools (network_id, network_name, cidr) VALUES (space, wanted_network, wanted)
        ON CONFLICT DO NOTHING RETURNING * INTO found_pool;
    IF found_pool.id IS NULL THEN
        SELECT * INTO found_pool FROM pools WHERE network_name = wanted_network AND cidr = wanted;
    END IF;
    RETURN found_pool;
END $$;
COMMENT ON FUNCTION ensure_pool(text, cidr, boolean) IS 'The pool of a CIDR in a network, made if there is none.';

CREATE FUNCTION pool_window(pool pools)
RETURNS TABLE (first_address inet, last_address inet)
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The segments that a pool gives out to callers who name it: its window without its gateway.
    WITH bounds AS (
        SELECT coalesce(pool.window_first, first_usable(pool.cidr)) AS low,
               coalesce(pool.window_last, last_usable(pool.cidr)) AS high,
               set_masklen(pool.gateway, CASE family(pool.gateway) WHEN 4 THEN 32 ELSE 128 END) AS gateway)
    SELECT low, high FROM bounds WHERE gateway IS NULL OR gateway < low OR gateway > high
    UNION ALL
    SELECT low, gateway - 1 FROM bounds WHERE gateway > low AND gateway <= high
    UNION ALL
    SELECT gateway + 1, high FROM bounds WHERE gateway >= low AND gateway < high;
END;
COMMENT ON FUNCTION pool_window(pools) IS 'The first-last segments that a pool gives out to callers who name it.';
