-- Pools and exclusions: what a new one adds to the free space or takes out of it, and what happens when it goes.

CREATE FUNCTION uncovered_runs(wanted_network integer, wanted cidr, except_pool integer)
RETURNS TABLE (run_first inet, run_last inet)
LANGUAGE plpgsql STABLE AS $$
-- The parts of a CIDR that no other pool of the network covers. CIDRs nest or are apart, so the largest
-- ones inside, in order, leave the gaps. Of pools that one statement makes, each counts for those behind it:
-- all of them are there before the first one's trigger looks.
DECLARE
    made_by    xid := (SELECT xmin FROM pools WHERE id = except_pool);
    inner_cidr cidr;
    position   inet := first_address(wanted);
    covered    boolean := false;
BEGIN
    IF EXISTS (SELECT FROM pools WHERE network_id = wanted_network AND id <> except_pool AND cidr >>= wanted
                  AND (id < except_pool OR xmin IS DISTINCT FROM made_by)) THEN
        RETURN;
    END IF;
    FOR inner_cidr IN
        SELECT p.cidr FROM pools p
         WHERE p.network_id = wanted_network AND p.id <> except_pool AND p.cidr << wanted
           AND (p.id < except_pool OR p.xmin IS DISTINCT FROM made_by)
           AND NOT EXISTS (SELECT FROM pools larger
                            WHERE larger.network_id = wanted_network AND larger.id <> except_pool
                              AND (larger.id < except_pool OR larger.xmin IS DISTINCT FROM made_by)
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

CREATE FUNCTION wait_for_reservations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Until the end of this transaction nobody takes an address or gives one back. Who does that has locked the
-- table, more weakly, before anything else: so nobody who waits for us holds what we want, and nobody who
-- read a pool or an exclusion before it changed acts on it afterwards.
BEGIN
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;

CREATE FUNCTION join_reservations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- The weaker lock of wait_for_reservations(), before a row or a network is locked.
BEGIN
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;

CREATE FUNCTION is_plain(pool pools) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp
RETURN NOT pool.drained AND pool.window_first IS NULL AND pool.window_last IS NULL AND pool.reuse_delay = '0'
   AND NOT EXISTS (SELECT FROM rowhouse.quotas q WHERE q.pool_id IS NULL OR q.pool_id = pool.id)
   AND NOT EXISTS (SELECT FROM rowhouse.assignment_hold
                    WHERE NOT EXISTS (SELECT FROM rowhouse.assignment_hold_pools h WHERE h.pool_id = pool.id))
   -- (The network as an expression: the CIDR's index is the one to probe.)
   AND NOT EXISTS (SELECT FROM rowhouse.pools o WHERE o.network_id + 0 = pool.network_id AND o.cidr && pool.cidr AND o.id <> pool.id)
   AND NOT EXISTS (SELECT FROM rowhouse.reservations r WHERE r.pool_id = pool.id AND r.slot > 0);
COMMENT ON FUNCTION is_plain(pools) IS 'Whether an ADD may take the lowest free address of a pool without further checks.';

CREATE FUNCTION choose_plain_pools(chosen integer[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
-- Brings plain_pools up to date, for some pools or for all. A change of a quota or a hold waits until no ADD and no change
-- of a pool is under way (wait_for_reservations), and they wait for it: so neither misses the other.
BEGIN
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    chosen := coalesce(chosen, ARRAY(SELECT p.id FROM pools p));
    DELETE FROM plain_pools c USING pools p
     WHERE p.id = c.pool_id AND c.pool_id = ANY (chosen)
       AND (NOT is_plain(p) OR (c.network_name, c.cidr, c.network_id, c.isolated) <> (p.network_name, p.cidr, p.network_id, p.isolated));
    INSERT INTO plain_pools (network_name, cidr, pool_id, network_id, isolated)
    SELECT p.network_name, p.cidr, p.id, p.network_id, p.isolated FROM pools p
     WHERE p.id = ANY (chosen) AND is_plain(p)
       -- A pool that was made again may hold quarantines of its predecessor, which exempt their previous owners.
       AND NOT EXISTS (SELECT FROM free_ranges f
                        WHERE f.network_id = p.network_id AND f.quarantined
                          AND f.last >= first_address(p.cidr) AND f.first <= last_address(p.cidr))
        ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION choose_plain_pools(integer[]) IS 'Brings plain_pools up to date, for some pools or for all.';

CREATE FUNCTION pool_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    run   record;
    held  bigint;
BEGIN
    -- One pool of a network at a time: coverage is worked out from the other pools. NO KEY, since the
    -- foreign key of a new pool already holds the key, for everybody who makes one at this moment.
    PERFORM FROM networks WHERE id = coalesce(NEW.network_id, OLD.network_id) FOR NO KEY UPDATE;
    IF TG_OP <> 'DELETE' AND NEW.gateway IS NOT NULL THEN
        IF TG_OP = 'INSERT' OR host(NEW.gateway) IS DISTINCT FROM host(OLD.gateway) THEN
            PERFORM refuse_attached('the gateway ' || host(NEW.gateway), NEW.network_id,
                                    ARRAY[host(NEW.gateway)::inet], ARRAY[host(NEW.gateway)::inet]);
        END IF;
    END IF;
    IF TG_OP = 'INSERT' THEN
        FOR run IN SELECT * FROM uncovered_runs(NEW.network_id, NEW.cidr, NEW.id) LOOP
            PERFORM free_unless_withheld(NEW.network_id, run.run_first, run.run_last, '-infinity');
        END LOOP;
        INSERT INTO gateways (network_id, address, pool_id)
        SELECT NEW.network_id, host(NEW.gateway)::inet, NEW.id WHERE NEW.gateway IS NOT NULL;
        PERFORM record_change('pool.create', NEW.cidr::text, NULL, to_jsonb(NEW));
    ELSIF TG_OP = 'DELETE' THEN
        FOR run IN SELECT * FROM uncovered_runs(OLD.network_id, OLD.cidr, OLD.id) LOOP
            PERFORM withdraw_run(OLD.network_id, run.run_first, run.run_last);
        END LOOP;
        SELECT count(*) INTO held FROM reservations
         WHERE network_id = OLD.network_id AND address BETWEEN first_address(OLD.cidr) AND last_address(OLD.cidr)
           AND pool_id = OLD.id;
        IF held > 0 THEN
            RAISE EXCEPTION 'pool % of the % still holds % reservations', OLD.cidr,
                coalesce('network "' || nullif(OLD.network_name, '') || '"', 'default network'), held
                USING ERRCODE = 'RH410', HINT = 'Release them first.';
        END IF;
        PERFORM record_change('pool.delete', OLD.cidr::text, to_jsonb(OLD), NULL);
    ELSE
        IF NEW.network_id <> OLD.network_id AND current_reason() = 'JOIN'
           AND (NEW.id, NEW.network_name, NEW.cidr) = (OLD.id, OLD.network_name, OLD.cidr) THEN
            NULL; -- join_shared_space_v1() moves everything else as well
        ELSIF (NEW.id, NEW.network_id, NEW.network_name, NEW.cidr)
           IS DISTINCT FROM (OLD.id, OLD.network_id, OLD.network_name, OLD.cidr) THEN
            RAISE EXCEPTION 'the network and the CIDR of pool % can not change', OLD.cidr
                USING ERRCODE = 'RH410',
                      HINT = 'Create a pool of the other CIDR: pools that overlap share their free addresses.';
        END IF;
        IF NEW.name IS DISTINCT FROM OLD.name AND OLD.name IS NOT NULL THEN
            PERFORM refuse_attached('renaming pool "' || OLD.name || '"', NEW.network_id, ARRAY[first_address(NEW.cidr)],
                                    ARRAY[last_address(NEW.cidr)], NEW.id);
        END IF;
        SELECT coalesce(OLD.window_first, first_usable(NEW.cidr)) AS was_first, coalesce(OLD.window_last, last_usable(NEW.cidr)) AS was_last,
               coalesce(NEW.window_first, first_usable(NEW.cidr)) AS first, coalesce(NEW.window_last, last_usable(NEW.cidr)) AS last INTO run;
        IF run.first > run.was_first OR run.last < run.was_last THEN
            PERFORM refuse_attached('the new window of pool ' || NEW.cidr, NEW.network_id,
                                    ARRAY[run.was_first, CASE WHEN run.last < run.was_last THEN greatest(run.last + 1, run.was_first) END],
                                    ARRAY[CASE WHEN run.first > run.was_first THEN least(run.first - 1, run.was_last) END, run.was_last],
                                    NEW.id);
        END IF;
        IF host(NEW.gateway) IS DISTINCT FROM host(OLD.gateway) THEN
            DELETE FROM gateways WHERE pool_id = NEW.id AND cni_network IS NULL;
            INSERT INTO gateways (network_id, address, pool_id)
            SELECT NEW.network_id, host(NEW.gateway)::inet, NEW.id WHERE NEW.gateway IS NOT NULL;
        END IF;
        PERFORM record_change('pool.update', NEW.cidr::text, to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    IF TG_OP <> 'INSERT' AND NEW.network_id IS DISTINCT FROM OLD.network_id THEN
        PERFORM choose_plain_pools(ARRAY(SELECT p.id FROM pools p WHERE p.network_id + 0 = OLD.network_id AND p.cidr && OLD.cidr));
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.network_id = OLD.network_id THEN
        PERFORM choose_plain_pools(ARRAY[NEW.id]);
    ELSIF TG_OP <> 'DELETE' THEN
        -- It, and those that it overlaps.
        PERFORM choose_plain_pools(ARRAY(SELECT p.id FROM pools p WHERE p.network_id + 0 = NEW.network_id AND p.cidr && NEW.cidr));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER pools_change AFTER INSERT OR UPDATE OR DELETE ON pools
    FOR EACH ROW EXECUTE FUNCTION pool_changed();
CREATE TRIGGER pools_change_with_reservations BEFORE INSERT OR UPDATE ON pools
    FOR EACH STATEMENT EXECUTE FUNCTION join_reservations();
-- Without it an address could be left in no pool.
CREATE TRIGGER pools_go_alone BEFORE DELETE ON pools
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();

-- A pool's window and gateway are checked against what is attached, and those who read the pool before act on it.
-- Only for these columns: attach_v1() holds a weaker lock when it changes others.
CREATE TRIGGER pools_change_alone BEFORE UPDATE OF name, gateway, window_first, window_last ON pools
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();

CREATE FUNCTION gateway_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    row gateways := coalesce(NEW, OLD);
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM return_gateway(OLD.network_id, OLD.address);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM withhold_gateway(NEW.network_id, NEW.address);
    END IF;
    -- One that an operator set is part of its pool's line, unless this table itself is changed; and those that go with
    -- their pool are part of its line as well.
    IF (row.cni_network IS NOT NULL OR pg_trigger_depth() = 1) AND EXISTS (SELECT FROM pools WHERE id = row.pool_id) THEN
        PERFORM record_change('gateway.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE lower(TG_OP) END, host(row.address),
                              CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END,
                              CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER gateways_change AFTER INSERT OR UPDATE OR DELETE ON gateways
    FOR EACH ROW EXECUTE FUNCTION gateway_changed();
-- An ADD that found its gateway known must not be given it because the gateway was forgotten meanwhile.
CREATE TRIGGER gateways_go_alone BEFORE DELETE ON gateways
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();

CREATE FUNCTION pool_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER pools_version BEFORE UPDATE ON pools FOR EACH ROW EXECUTE FUNCTION pool_version();

CREATE FUNCTION pool_isolation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A column of the pool, since every allocation looks at it.
BEGIN
    NEW.isolated := EXISTS (SELECT FROM networks n WHERE n.id = NEW.network_id AND n.isolated IS NOT NULL);
    RETURN NEW;
END $$;
CREATE TRIGGER pools_isolation BEFORE INSERT OR UPDATE OF network_id, isolated ON pools
    FOR EACH ROW EXECUTE FUNCTION pool_isolation();

CREATE FUNCTION exclusion_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    PERFORM FROM networks WHERE id = coalesce(NEW.network_id, OLD.network_id) FOR NO KEY UPDATE;
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.network_id, NEW.first, NEW.last) IS DISTINCT FROM (OLD.id, OLD.network_id, OLD.first, OLD.last) THEN
            RAISE EXCEPTION 'the addresses of an exclusion can not change'
                USING ERRCODE = 'RH410', HINT = 'Delete it and make another one.';
        END IF;
        PERFORM record_change('exclusion.update', host(OLD.first) || '-' || host(OLD.last), to_jsonb(OLD), to_jsonb(NEW));
    ELSIF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT FROM exclusions e WHERE e.network_id = NEW.network_id AND e.id <> NEW.id
                      AND e.last >= NEW.first AND e.first <= NEW.last) THEN
            RAISE EXCEPTION 'part of %-% is kept out of use already', host(NEW.first), host(NEW.last)
                USING ERRCODE = 'RH410', HINT = 'Exclusions of a network do not overlap.';
        END IF;
        PERFORM refuse_attached('excluding ' || host(NEW.first) || '-' || host(NEW.last), NEW.network_id,
                                ARRAY[NEW.first]::inet[], ARRAY[NEW.last]::inet[]);
        PERFORM withdraw_run(NEW.network_id, NEW.first, NEW.last);
        PERFORM record_change('exclusion.create', host(NEW.first) || '-' || host(NEW.last), NULL, to_jsonb(NEW));
    ELSE
        PERFORM free_covered(OLD.network_id, OLD.first, OLD.last, clock_timestamp());
        PERFORM record_change('exclusion.delete', host(OLD.first) || '-' || host(OLD.last), to_jsonb(OLD), NULL);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER exclusions_change AFTER INSERT OR UPDATE OR DELETE ON exclusions
    FOR EACH ROW EXECUTE FUNCTION exclusion_changed();
-- Without it an address that is released at this moment could be free though excluded, or neither.
CREATE TRIGGER exclusions_change_alone BEFORE INSERT OR DELETE ON exclusions
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
CREATE TRIGGER gateways_truncate BEFORE TRUNCATE ON gateways EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER assignment_hold_truncate BEFORE TRUNCATE ON assignment_hold EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER assignment_hold_pools_truncate BEFORE TRUNCATE ON assignment_hold_pools EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER exclusions_truncate BEFORE TRUNCATE ON exclusions EXECUTE FUNCTION refuse_truncate();

CREATE FUNCTION ensure_pool(wanted_network text, wanted cidr, wants_isolation boolean) RETURNS pools
LANGUAGE plpgsql AS $$
-- The pool of this CIDR in this network, made if there is none: the identity of a pool is its network and its CIDR,
-- as upstream. Its first caller decides whether it has a space of its own; a later one that shares its addresses has it
-- join the shared space (join_shared_space_v1).
DECLARE
    found_pool pools;
    space      integer;
BEGIN
    SELECT * INTO found_pool FROM pools WHERE network_name = wanted_network AND cidr = wanted;
    IF FOUND THEN
        RETURN found_pool;
    END IF;
    -- Before the network is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    INSERT INTO networks (name, isolated)
    VALUES (wanted_network, CASE WHEN wants_isolation THEN wanted END) ON CONFLICT DO NOTHING;
    SELECT id INTO space FROM networks
     WHERE name = wanted_network AND isolated IS NOT DISTINCT FROM CASE WHEN wants_isolation THEN wanted END
       FOR NO KEY UPDATE;
    -- A pool that was drained when it was deleted is drained when a configuration brings it back.
    INSERT INTO pools (network_id, network_name, cidr, drained)
    SELECT space, wanted_network, wanted,
           coalesce((SELECT (l.before ->> 'drained')::boolean FROM audit_log l
                      WHERE l.object = wanted::text AND l.action = 'pool.delete' AND l.before ->> 'network_name' = wanted_network
                      ORDER BY l.id DESC LIMIT 1), false)
        ON CONFLICT DO NOTHING RETURNING * INTO found_pool;
    IF found_pool.id IS NULL THEN
        SELECT * INTO found_pool FROM pools WHERE network_name = wanted_network AND cidr = wanted;
    END IF;
    RETURN found_pool;
END $$;
COMMENT ON FUNCTION ensure_pool(text, cidr, boolean) IS 'The pool of a CIDR in a network, made if there is none.';

CREATE FUNCTION knows_gateways(of_cni_network text, network text, cidr cidr, addresses inet[]) RETURNS boolean
LANGUAGE sql STABLE
RETURN NOT EXISTS (
    SELECT FROM unnest(addresses) AS own (address)
     WHERE NOT EXISTS (SELECT FROM rowhouse.pools p JOIN rowhouse.gateways g ON g.pool_id = p.id
                        WHERE p.network_name = network AND p.cidr = knows_gateways.cidr
                          AND g.address = own.address AND g.cni_network = of_cni_network));
COMMENT ON FUNCTION knows_gateways IS 'Whether every gateway of a network configuration for a range is recorded.';

CREATE FUNCTION learn_gateways(of_cni_network text, networks text[], cidrs cidr[], pool_names text[], isolated boolean[],
                               gateway_ranges integer[], gateway_addresses inet[]) RETURNS void
LANGUAGE plpgsql AS $$
-- Records the gateways of a network configuration: gateway_addresses[i] is one of range gateway_ranges[i]. NULL stands
-- for the first address behind the network address, which the main plugin takes where a pool by name has no gateway.
-- A gateway outside of its range counts as well, since a larger range may hold it. (Of several pools by name, which may be of
-- several networks, it counts for those that hold it.)
DECLARE
    unknown record;
    pool    pools;
BEGIN
    FOR unknown IN
        SELECT g.range, g.address FROM unnest(gateway_ranges, gateway_addresses) AS g (range, address)
         WHERE NOT EXISTS (SELECT FROM pools p JOIN gateways k ON k.pool_id = p.id
                            WHERE p.network_name = networks[g.range] AND p.cidr = cidrs[g.range]
                              AND k.address = g.address AND k.cni_network = of_cni_network)
         ORDER BY networks[g.range], cidrs[g.range], pool_names[g.range], g.address
    LOOP
        IF pool_names[unknown.range] IS NULL THEN
            pool := ensure_pool(networks[unknown.range], cidrs[unknown.range], isolated[unknown.range]);
        ELSE
            SELECT * INTO pool FROM pools p WHERE p.name = pool_names[unknown.range];
            CONTINUE WHEN NOT FOUND;
            IF unknown.address IS NULL AND pool.gateway IS NULL AND first_address(pool.cidr) < last_address(pool.cidr) THEN
                unknown.address := first_address(pool.cidr) + 1;
            END IF;
        END IF;
        -- (Looked for first, since every conflict would use up an id.)
        IF unknown.address IS NOT NULL
           AND (pool_names[unknown.range] IS NULL OR cardinality(cidrs) = 1 OR unknown.address <<= pool.cidr)
           AND NOT EXISTS (SELECT FROM gateways k WHERE k.pool_id = pool.id AND k.address = unknown.address
                              AND k.cni_network = of_cni_network) THEN
            INSERT INTO gateways (network_id, address, pool_id, cni_network)
            VALUES (pool.network_id, unknown.address, pool.id, of_cni_network) ON CONFLICT DO NOTHING;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION learn_gateways IS 'Records the gateways of a network configuration, so that they hold for all that use the same CIDR.';

CREATE FUNCTION join_shared_space_v1(wanted_network text, wanted cidr) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- An isolated pool whose CIDR a configuration uses that shares its addresses (enable_overlapping_ranges: true, the
-- default): the addresses that two sharing configurations assign must be unique, so the pool moves to the shared space of
-- its network, with reservations, quarantines and exclusions. False: it is there already.
-- Error RH103: an address is in use in both.
#variable_conflict use_column
DECLARE
    around  text := coalesce(current_setting('rowhouse.command', true), '');
    command text := set_config('rowhouse.command', 'JOIN', true);
    forced  text := coalesce(current_setting('rowhouse.force', true), '');
    pool    pools;
    shared  integer;
    clash   record;
    run     free_ranges;
    part    record;
BEGIN
    -- Everything else that changes a reservation or a pool waits.
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO pool FROM pools p WHERE p.network_name = wanted_network AND p.cidr = wanted AND p.isolated;
    IF NOT FOUND THEN
        command := set_config('rowhouse.command', around, true);
        RETURN false;
    END IF;
    INSERT INTO networks (name, isolated) VALUES (wanted_network, NULL) ON CONFLICT DO NOTHING;
    SELECT n.id INTO shared FROM networks n WHERE n.name = wanted_network AND n.isolated IS NULL FOR NO KEY UPDATE;

    SELECT r.address, concat_ws('/', nullif(r.owner_namespace, ''), r.owner_name) AS owner,
           concat_ws('/', nullif(o.owner_namespace, ''), o.owner_name) AS other_owner, p.cidr AS other_pool, count(*) OVER () AS clashes
      INTO clash
      FROM reservations r JOIN reservations o ON o.network_id = shared AND o.address = r.address JOIN pools p ON p.id = o.pool_id
     WHERE r.network_id = pool.network_id ORDER BY r.address LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'pool % is isolated (enable_overlapping_ranges: false) and cannot share its addresses with pool %: % of them are in use in both, first % by % and by %',
            pool.cidr, clash.other_pool, clash.clashes, host(clash.address), clash.owner, clash.other_owner
            USING ERRCODE = 'RH103',
                  HINT = 'Set enable_overlapping_ranges to false in this configuration too, or give it another range, or release one of the two owners.';
    END IF;

    PERFORM set_config('rowhouse.force', 'on', true);
    -- What the shared space takes from the pool's CIDR comes from the pool alone; what lies in another pool is there.
    UPDATE pools p SET network_id = shared WHERE p.id = pool.id;
    FOR part IN SELECT * FROM uncovered_runs(shared, pool.cidr, pool.id) LOOP
        PERFORM free_unless_withheld(shared, part.run_first, part.run_last, '-infinity');
    END LOOP;
    -- A reservation may lie inside an exclusion of the shared space: it goes out of use when it is released.
    FOR part IN SELECT r.address FROM reservations r WHERE r.network_id = pool.network_id AND is_withheld(shared, r.address) LOOP
        PERFORM free_run(shared, part.address, part.address, '-infinity');
    END LOOP;
    UPDATE reservations r SET network_id = shared WHERE r.network_id = pool.network_id;
    UPDATE gateways g SET network_id = shared WHERE g.pool_id = pool.id;
    -- Behind the reservations: an address in use may be excluded in either space, and goes out of use when it is released.
    FOR part IN DELETE FROM exclusions e WHERE e.network_id = pool.network_id RETURNING e.* LOOP
        -- Exclusions of a network do not overlap: what the shared space excludes already is left out.
        INSERT INTO exclusions (network_id, first, last, reason)
        SELECT shared, lower(rest.span), span_last(rest.span), part.reason
          FROM unnest(inetmultirange(address_span(part.first, part.last))
                      - coalesce((SELECT range_agg(address_span(o.first, o.last)) FROM exclusions o
                                   WHERE o.network_id = shared AND family(o.first) = family(part.first)), '{}')) AS rest (span);
    END LOOP;
    FOR run IN
        DELETE FROM free_ranges f WHERE f.network_id = pool.network_id RETURNING f.*
    LOOP
        -- Unless it is in use, or is quarantined, in the shared space. An exclusion or a gateway does not end it.
        IF run.quarantined AND NOT EXISTS (SELECT FROM reservations r
                                            WHERE r.network_id = shared AND r.address BETWEEN run.first AND run.last)
           AND NOT EXISTS (SELECT FROM free_ranges f WHERE f.network_id = shared AND f.quarantined
                              AND f.last >= run.first AND f.first <= run.last) THEN
            PERFORM withdraw_run(shared, run.first, run.last);
            INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
            VALUES (shared, true, run.first, run.last, run.free_from, run.previous_owner);
        END IF;
    END LOOP;
    PERFORM set_config('rowhouse.force', forced, true);
    PERFORM record_change('pool.join', pool.cidr::text, jsonb_build_object('isolated', true), jsonb_build_object('isolated', false));
    command := set_config('rowhouse.command', around, true);
    RETURN true;
END $$;
COMMENT ON FUNCTION join_shared_space_v1(text, cidr) IS 'Moves an isolated pool to the shared address space of its network.';

CREATE FUNCTION pool_window(pool pools)
RETURNS TABLE (first_address inet, last_address inet)
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- What a pool may give out: its window, or else its usable addresses, without every known gateway.
    WITH bounds AS (
        SELECT coalesce(pool.window_first, first_usable(pool.cidr))::inet AS low,
               coalesce(pool.window_last, last_usable(pool.cidr))::inet AS high),
    holes AS (
        SELECT DISTINCT g.address::inet AS address FROM gateways g, bounds
         WHERE g.network_id = pool.network_id AND g.address BETWEEN bounds.low AND bounds.high),
    parts AS (
        SELECT CASE WHEN h.address IS NULL THEN bounds.low WHEN h.address < bounds.high THEN h.address + 1 END AS low,
               lead(h.address, 1) OVER (ORDER BY h.address NULLS FIRST) AS hole, bounds.high
          FROM bounds CROSS JOIN (SELECT NULL::inet AS address UNION ALL SELECT holes.address FROM holes) AS h)
    SELECT parts.low, CASE WHEN parts.hole IS NULL THEN parts.high ELSE parts.hole - 1 END
      FROM parts WHERE parts.low IS NOT NULL AND parts.low IS DISTINCT FROM parts.hole;
END;
COMMENT ON FUNCTION pool_window(pools) IS
    'The first-last segments that a pool may give out: its window without every known gateway. Exclusions are looked up apart.';

CREATE FUNCTION setting_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Networks, quotas and tokens: every change is in the audit log, a token's digest is not.
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - 'digest' END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - 'digest' END;
    row    jsonb := coalesce(after, before);
BEGIN
    IF TG_TABLE_NAME = 'networks' AND TG_OP = 'UPDATE' AND before->'isolated' <> after->'isolated'
       AND EXISTS (SELECT FROM pools p WHERE p.network_id = (row->>'id')::integer) THEN
        -- Every pool knows whether it is isolated, and its sandboxes go on using their addresses.
        RAISE EXCEPTION 'network % has pools: whether it is isolated cannot change', row->>'id'
            USING ERRCODE = 'RH410', HINT = 'A configuration that shares the range (enable_overlapping_ranges) has the pool join.';
    END IF;
    PERFORM record_change(rtrim(TG_TABLE_NAME, 's') || '.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE lower(TG_OP) END,
                          coalesce(row->>'name', row->>'namespace'), before, after);
    RETURN NULL;
END $$;
CREATE TRIGGER networks_change AFTER INSERT OR UPDATE OR DELETE ON networks
    FOR EACH ROW EXECUTE FUNCTION setting_changed();
CREATE TRIGGER quotas_change AFTER INSERT OR UPDATE OR DELETE ON quotas
    FOR EACH ROW EXECUTE FUNCTION setting_changed();

CREATE FUNCTION checks_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A quota or a hold began or ended: other pools are plain now.
BEGIN
    IF TG_TABLE_NAME = 'assignment_hold_pools' AND TG_OP = 'INSERT' THEN
        PERFORM choose_plain_pools(ARRAY[NEW.pool_id]);
    ELSIF TG_TABLE_NAME <> 'assignment_hold_pools' OR EXISTS (SELECT FROM assignment_hold) THEN
        PERFORM choose_plain_pools();
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER quotas_change_alone BEFORE INSERT OR UPDATE OR DELETE ON quotas
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
CREATE TRIGGER quotas_plain AFTER INSERT OR UPDATE OR DELETE ON quotas
    FOR EACH STATEMENT EXECUTE FUNCTION checks_changed();
CREATE TRIGGER assignment_hold_change_alone BEFORE INSERT OR UPDATE OR DELETE ON assignment_hold
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
CREATE TRIGGER assignment_hold_plain AFTER INSERT OR DELETE ON assignment_hold
    FOR EACH STATEMENT EXECUTE FUNCTION checks_changed();
CREATE TRIGGER assignment_hold_pools_read AFTER INSERT ON assignment_hold_pools
    FOR EACH ROW EXECUTE FUNCTION checks_changed();
CREATE TRIGGER assignment_hold_pools_unread AFTER UPDATE OR DELETE ON assignment_hold_pools
    FOR EACH STATEMENT EXECUTE FUNCTION checks_changed();
CREATE TRIGGER assignment_hold_pools_change_alone BEFORE UPDATE OR DELETE ON assignment_hold_pools
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
CREATE TRIGGER plain_pools_truncate BEFORE TRUNCATE ON plain_pools EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER tokens_change AFTER INSERT OR UPDATE OR DELETE ON tokens
    FOR EACH ROW EXECUTE FUNCTION setting_changed();
