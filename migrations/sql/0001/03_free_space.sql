-- Free space: taking addresses out of it, giving them back, and the guarantee that runs never overlap.

CREATE FUNCTION take_run(wanted_network integer, wanted_first inet, wanted_last inet) RETURNS timestamptz
LANGUAGE plpgsql AS $$
-- Takes the addresses from wanted_first to wanted_last, few of them, out of the free space, and returns since
-- when all of them may be given out. They may lie in several runs. Waits for whoever has a run locked.
-- Error RH409: one of them is not free.
DECLARE
    run        free_ranges;
    part_first inet := wanted_first;
    part_last  inet;
    block_end  inet;
    next_end   inet;
    free_since timestamptz;
BEGIN
    LOOP
        SELECT * INTO run FROM free_ranges
         WHERE network_id = wanted_network AND NOT quarantined AND last >= part_first
         ORDER BY last LIMIT 1 FOR UPDATE;
        IF NOT FOUND OR run.first > part_first THEN
            SELECT * INTO run FROM free_ranges
             WHERE network_id = wanted_network AND quarantined AND last >= part_first
             ORDER BY last LIMIT 1 FOR UPDATE;
        END IF;
        IF NOT FOUND OR run.first > part_first THEN
            -- While we waited the run may have been split, and our snapshot is older than its parts:
            -- only a fresh look can tell.
            CONTINUE WHEN EXISTS (SELECT FROM free_ranges WHERE network_id = wanted_network
                                     AND first <= part_first AND last >= part_first);
            RAISE EXCEPTION 'address % of network % is not free', host(part_first), wanted_network
                USING ERRCODE = 'RH409',
                      HINT = 'It is held by somebody else, kept out of use, or in no pool of this network.';
        END IF;

        IF run.quarantined AND current_reason() = 'SQL' AND NOT is_forced() AND is_withheld(wanted_network, part_first) THEN
            -- (What is withheld and not quarantined was not found.)
            RAISE EXCEPTION 'address % of network % is not free: it is %', host(part_first), wanted_network,
                            why_withheld(wanted_network, part_first)
                USING ERRCODE = 'RH409', HINT = 'SET rowhouse.force = ''on'' allows a gateway.';
        END IF;

        part_last := least(run.last, wanted_last);
        IF run.first = part_first AND run.last = part_last THEN
            DELETE FROM free_ranges
             WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
        ELSIF run.first = part_first THEN
            -- A run that reaches past this block of 64 is split there, and once more behind the next block,
            -- so that other writers find runs that nobody has locked.
            block_end := last_address(block_of(part_last));
            IF block_end > part_last AND block_end < run.last THEN
                next_end := last_address(block_of(block_end + 1));
                IF next_end >= run.last THEN
                    next_end := block_end;
                END IF;
                UPDATE free_ranges SET first = next_end + 1
                 WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
                INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                VALUES (wanted_network, run.quarantined, part_last + 1, block_end, run.free_from);
                IF next_end > block_end THEN
                    INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                    VALUES (wanted_network, run.quarantined, block_end + 1, next_end, run.free_from);
                END IF;
            ELSE
                UPDATE free_ranges SET first = part_last + 1
                 WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
            END IF;
        ELSIF run.last = part_last THEN
            UPDATE free_ranges SET last = part_first - 1
             WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
        ELSE
            UPDATE free_ranges SET first = part_last + 1
             WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
            INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
            VALUES (wanted_network, run.quarantined, run.first, part_first - 1, run.free_from);
        END IF;
        IF run.quarantined THEN
            -- Only a person takes it before its time; what counts then is when its last owner left.
            SELECT max(upper(during)) INTO run.free_from FROM tenures
             WHERE network_id = wanted_network AND address BETWEEN part_first AND part_last;
        END IF;
        free_since := greatest(free_since, run.free_from);
        IF part_last = wanted_last THEN
            RETURN free_since;
        END IF;
        part_first := part_last + 1;
    END LOOP;
END $$;
COMMENT ON FUNCTION take_run(integer, inet, inet) IS 'Takes a run of addresses out of the free space of a network.';

CREATE FUNCTION free_run(run_network integer, run_first inet, run_last inet, run_free_from timestamptz)
RETURNS void
LANGUAGE plpgsql AS $$
-- Puts a run into the free space, joined with its neighbours where nobody has them locked: a release
-- waits for nobody. Quarantined runs keep to themselves until their time has come.
DECLARE
    before free_ranges;
    after  free_ranges;
BEGIN
    SELECT * INTO after FROM free_ranges
     WHERE network_id = run_network AND NOT quarantined AND last > run_last ORDER BY last LIMIT 1;
    -- Of one family: the run behind 255.255.255.255 is an IPv6 one.
    IF FOUND AND family(after.first) = family(run_last) AND after.first - 1 = run_last THEN
        SELECT * INTO after FROM free_ranges
         WHERE network_id = run_network AND NOT quarantined AND last = after.last
           FOR UPDATE SKIP LOCKED;
    ELSE
        after := NULL;
    END IF;
    SELECT * INTO before FROM free_ranges
     WHERE network_id = run_network AND NOT quarantined AND last < run_first ORDER BY last DESC LIMIT 1;
    IF FOUND AND family(before.last) = family(run_first) AND before.last + 1 = run_first THEN
        SELECT * INTO before FROM free_ranges
         WHERE network_id = run_network AND NOT quarantined AND last = before.last
           FOR UPDATE SKIP LOCKED;
    ELSE
        before := NULL;
    END IF;
    -- A neighbour may have shrunk between the look and the lock.
    IF after.first IS NOT NULL AND after.first - 1 <> run_last THEN after := NULL; END IF;

    IF before.last IS NOT NULL THEN
        DELETE FROM free_ranges
         WHERE network_id = run_network AND NOT quarantined AND last = before.last;
        run_first := before.first;
        run_free_from := greatest(run_free_from, before.free_from);
    END IF;
    IF after.last IS NOT NULL THEN
        UPDATE free_ranges SET first = run_first, last = after.last, free_from = greatest(run_free_from, after.free_from)
         WHERE network_id = run_network AND NOT quarantined AND last = after.last;
    ELSE
        INSERT INTO free_ranges (network_id, first, last, free_from)
        VALUES (run_network, run_first, run_last, run_free_from);
    END IF;
END $$;
COMMENT ON FUNCTION free_run(integer, inet, inet, timestamptz) IS 'Puts a run of addresses into the free space of a network.';

CREATE FUNCTION end_quarantine_of(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Frees a quarantined address before its time, for its previous owner; false if it is not quarantined any more.
DECLARE
    run   free_ranges;
    ended timestamptz;
BEGIN
    DELETE FROM free_ranges f
     WHERE f.network_id = wanted_network AND f.quarantined
       AND f.last = (SELECT q.last FROM free_ranges q
                      WHERE q.network_id = wanted_network AND q.quarantined AND q.last >= wanted ORDER BY q.last LIMIT 1)
       AND f.first <= wanted
    RETURNING * INTO run;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF run.first < wanted THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
        VALUES (wanted_network, true, run.first, wanted - 1, run.free_from, run.previous_owner);
    END IF;
    IF run.last > wanted THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
        VALUES (wanted_network, true, wanted + 1, run.last, run.free_from, run.previous_owner);
    END IF;
    -- What counts for the next tenure is when the last one ended.
    SELECT max(upper(t.during)) INTO ended FROM tenures t
     WHERE address_key(t.address) = address_key(wanted) AND t.address = wanted AND t.network_id = wanted_network;
    PERFORM free_run(wanted_network, wanted, wanted, coalesce(ended, '-infinity'));
    RETURN true;
END $$;
COMMENT ON FUNCTION end_quarantine_of(integer, inet) IS 'Ends the quarantine of one address for its previous owner.';

CREATE FUNCTION end_quarantines(wanted_network integer, at_most integer) RETURNS integer
LANGUAGE plpgsql AS $$
-- Frees quarantined runs whose time has come; returns how many.
DECLARE
    run   free_ranges;
    ended integer := 0;
BEGIN
    FOR run IN
        SELECT * FROM free_ranges
         -- In a subquery, since a volatile function alone would be no condition of the index.
         WHERE network_id = wanted_network AND quarantined AND free_from <= (SELECT clock_timestamp())
         ORDER BY free_from LIMIT at_most FOR UPDATE SKIP LOCKED
    LOOP
        DELETE FROM free_ranges WHERE network_id = run.network_id AND quarantined AND last = run.last;
        PERFORM free_covered(run.network_id, run.first, run.last, run.free_from);
        ended := ended + 1;
    END LOOP;
    RETURN ended;
END $$;
COMMENT ON FUNCTION end_quarantines(integer, integer) IS 'Frees quarantined addresses whose reuse delay is over.';

CREATE FUNCTION withdraw_run(wanted_network integer, run_first inet, run_last inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Takes every free address from run_first to run_last out of the free space (a pool goes, or a range
-- is kept out of use). Waits for allocations under way. Quarantined addresses stay: that no pod gets them before their
-- time is still true when the pool is made again or the exclusion lifted.
DECLARE
    run free_ranges;
BEGIN
    LOOP
        FOR run IN
            DELETE FROM free_ranges
             WHERE network_id = wanted_network AND NOT quarantined AND last >= run_first AND first <= run_last RETURNING *
        LOOP
            IF run.first < run_first THEN
                INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                VALUES (wanted_network, run.quarantined, run.first, run_first - 1, run.free_from);
            END IF;
            IF run.last > run_last THEN
                INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                VALUES (wanted_network, run.quarantined, run_last + 1, run.last, run.free_from);
            END IF;
        END LOOP;
        -- Once more, until nothing is left: while we waited a run may have been split.
        EXIT WHEN NOT FOUND;
    END LOOP;
END $$;
COMMENT ON FUNCTION withdraw_run(integer, inet, inet) IS 'Takes a run of addresses out of the free space of a network.';

CREATE FUNCTION withdraw_reserved(of_network integer, of_address inet) RETURNS void
LANGUAGE plpgsql AS $$
-- After a reservation of a free address met another one: if the address is reserved and free at once, the free space is
-- damaged, and without this the caller would try the same address for ever. The caller has the run locked.
DECLARE
    run free_ranges;
BEGIN
    IF EXISTS (SELECT FROM reservations r WHERE r.network_id = of_network AND r.address = of_address) THEN
        SELECT * INTO run FROM free_ranges f
         WHERE f.network_id = of_network AND NOT f.quarantined AND f.last >= of_address AND f.first <= of_address
         ORDER BY f.last LIMIT 1;
        IF FOUND THEN
            PERFORM withdraw_run(of_network, of_address, of_address);
            PERFORM record_change('free_range.correct', host(run.first) || '-' || host(run.last), to_jsonb(run), NULL);
        END IF;
    END IF;
END $$;
COMMENT ON FUNCTION withdraw_reserved(integer, inet) IS 'Takes an address out of the free space that is reserved and free at once.';

CREATE FUNCTION free_ranges_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Runs of a network never overlap, and no reserved address is free. A change by hand is in the audit log.
BEGIN
    IF pg_trigger_depth() = 1 AND coalesce(current_setting('rowhouse.command', true), '') = '' THEN
        PERFORM record_change('free_range.' || lower(TG_OP), host(NEW.first) || '-' || host(NEW.last),
                              CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) END, to_jsonb(NEW));
    END IF;
    IF NEW.first > NEW.last OR family(NEW.first) <> family(NEW.last) THEN
        RAISE EXCEPTION 'free range %-% is not a run of addresses', host(NEW.first), host(NEW.last)
            USING ERRCODE = 'check_violation';
    END IF;
    -- Of the free and of the quarantined runs: one that ends inside, or the next one behind that begins
    -- inside. Each is one look at the index, however many runs there are.
    IF EXISTS (SELECT FROM free_ranges WHERE network_id = NEW.network_id AND NOT quarantined
                  AND last >= NEW.first AND last < NEW.last)
       OR EXISTS (SELECT FROM free_ranges WHERE network_id = NEW.network_id AND quarantined
                     AND last >= NEW.first AND last < NEW.last)
       OR (SELECT first FROM free_ranges WHERE network_id = NEW.network_id AND NOT quarantined
              AND last >= NEW.last AND (last > NEW.last OR NEW.quarantined) ORDER BY last LIMIT 1) <= NEW.last
       OR (SELECT first FROM free_ranges WHERE network_id = NEW.network_id AND quarantined
              AND last >= NEW.last AND (last > NEW.last OR NOT NEW.quarantined) ORDER BY last LIMIT 1) <= NEW.last
    THEN
        RAISE EXCEPTION 'free range %-% of network % overlaps another', host(NEW.first), host(NEW.last), NEW.network_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'free_ranges_never_overlap';
    END IF;
    -- (A reservation without a tenure is one of the statement under way: it is about to be taken out, see
    -- reservation_made(), and gets its tenure then.)
    IF EXISTS (SELECT FROM reservations r WHERE r.network_id = NEW.network_id
                  AND r.address >= NEW.first AND r.address <= NEW.last
                  AND EXISTS (SELECT FROM tenures t WHERE t.id = r.tenure_id)) THEN
        RAISE EXCEPTION 'free range %-% of network % holds a reserved address', host(NEW.first), host(NEW.last), NEW.network_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'free_ranges_hold_no_reservation';
    END IF;
    RETURN NULL;
END $$;

-- Moving "first" alone, which is all that an allocation does, is left out: it shrinks a run. What a person breaks that
-- way, integrity_problems finds.
CREATE TRIGGER free_ranges_guard AFTER INSERT OR UPDATE OF network_id, quarantined, last, free_from, previous_owner ON free_ranges
    FOR EACH ROW EXECUTE FUNCTION free_ranges_guard();

CREATE FUNCTION is_excluded(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce((SELECT e.first FROM rowhouse.exclusions e
                  WHERE e.network_id = wanted_network AND e.last >= wanted ORDER BY e.last LIMIT 1) <= wanted, false);
COMMENT ON FUNCTION is_excluded(integer, inet) IS 'Whether an address is kept out of use. Exclusions never overlap, so one look tells.';

CREATE FUNCTION is_withheld(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
-- Every release asks. (Not by is_excluded(): to start a function in SQL costs more than both probes.)
BEGIN
    RETURN coalesce((SELECT e.first FROM rowhouse.exclusions e
                      WHERE e.network_id = wanted_network AND e.last >= wanted ORDER BY e.last LIMIT 1) <= wanted, false)
        OR EXISTS (SELECT FROM rowhouse.gateways g WHERE g.network_id = wanted_network AND g.address = wanted);
END $$;
COMMENT ON FUNCTION is_withheld(integer, inet) IS 'Whether an address is never assigned: it is excluded, or a gateway.';

CREATE FUNCTION why_withheld(wanted_network integer, wanted inet) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp
RETURN coalesce(
    (SELECT concat('excluded: ', host(e.first), '-', host(e.last), ' is kept out of use', ': ' || nullif(e.reason, ''))
       FROM rowhouse.exclusions e
      WHERE e.network_id = wanted_network AND e.last >= wanted AND e.first <= wanted ORDER BY e.last LIMIT 1),
    (SELECT concat('the gateway of ', string_agg(DISTINCT CASE WHEN g.cni_network IS NULL THEN concat('pool ', p.cidr)
                                                               ELSE concat('CNI network "', g.cni_network, '"') END, ', '))
       FROM rowhouse.gateways g JOIN rowhouse.pools p ON p.id = g.pool_id
      WHERE g.network_id = wanted_network AND g.address = wanted HAVING count(*) > 0));
COMMENT ON FUNCTION why_withheld(integer, inet) IS 'What keeps an address from being assigned, in words; NULL: nothing.';

CREATE FUNCTION free_covered(run_network integer, run_first inet, run_last inet, run_free_from timestamptz)
RETURNS void
LANGUAGE plpgsql AS $$
-- The largest pools are enough: they do not overlap.
DECLARE
    pool pools;
BEGIN
    FOR pool IN
        SELECT * FROM pools p WHERE p.network_id = run_network
           AND last_address(p.cidr) >= run_first AND first_address(p.cidr) <= run_last
           AND NOT EXISTS (SELECT FROM pools larger WHERE larger.network_id = p.network_id AND larger.cidr >> p.cidr)
    LOOP
        PERFORM free_unless_withheld(run_network, greatest(run_first, first_address(pool.cidr)),
                                     least(run_last, last_address(pool.cidr)), run_free_from);
    END LOOP;
END $$;
COMMENT ON FUNCTION free_covered(integer, inet, inet, timestamptz) IS
    'Puts the parts of a run that a pool covers into the free space, without what is withheld or reserved.';

CREATE FUNCTION free_unless_withheld(run_network integer, run_first inet, run_last inet, run_free_from timestamptz)
RETURNS void
LANGUAGE plpgsql AS $$
-- Puts a run into the free space, without what is excluded, a gateway, quarantined or reserved.
DECLARE
    taken    record;
    position inet := run_first;
BEGIN
    FOR taken IN
        SELECT e.first, e.last FROM exclusions e
         WHERE e.network_id = run_network AND e.last >= run_first AND e.first <= run_last
        UNION ALL
        SELECT g.address, g.address FROM gateways g
         WHERE g.network_id = run_network AND g.address BETWEEN run_first AND run_last
        UNION ALL
        SELECT f.first, f.last FROM free_ranges f
         WHERE f.network_id = run_network AND f.quarantined AND f.last >= run_first AND f.first <= run_last
        UNION ALL
        SELECT r.address, r.address FROM reservations r
         WHERE r.network_id = run_network AND r.address BETWEEN run_first AND run_last
         ORDER BY 1
    LOOP
        IF taken.first > position THEN
            PERFORM free_run(run_network, position, taken.first - 1, run_free_from);
        END IF;
        -- A reservation may lie inside an exclusion.
        IF taken.last >= position THEN
            IF taken.last >= run_last THEN
                RETURN;
            END IF;
            position := taken.last + 1;
        END IF;
    END LOOP;
    PERFORM free_run(run_network, position, run_last, run_free_from);
END $$;
COMMENT ON FUNCTION free_unless_withheld(integer, inet, inet, timestamptz) IS
    'Puts a run into the free space of a network, without what is excluded, a gateway or reserved.';

CREATE FUNCTION withhold_gateway(of_network integer, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Takes an address that became a gateway out of the free space. A release or the end of a quarantine that is under
-- way frees the address after this look, so both rows are locked: they then wait for this transaction, and see
-- the gateway. No table lock, since attach_v1() calls this while it holds a weaker one.
DECLARE
    is_held boolean;
BEGIN
    PERFORM FROM networks WHERE id = of_network FOR NO KEY UPDATE;
    LOOP
        PERFORM withdraw_run(of_network, wanted, wanted);
        PERFORM FROM reservations WHERE network_id = of_network AND address = wanted FOR UPDATE;
        is_held := FOUND;
        IF NOT is_held THEN
            PERFORM FROM free_ranges WHERE network_id = of_network AND quarantined AND last >= wanted AND first <= wanted
              FOR UPDATE;
            is_held := FOUND;
        END IF;
        -- One statement, so one snapshot.
        EXIT WHEN NOT EXISTS (SELECT FROM free_ranges WHERE network_id = of_network AND NOT quarantined
                                 AND last >= wanted AND first <= wanted)
              AND (is_held
                   OR NOT EXISTS (SELECT FROM reservations WHERE network_id = of_network AND address = wanted)
                      AND NOT EXISTS (SELECT FROM free_ranges WHERE network_id = of_network AND quarantined
                                         AND last >= wanted AND first <= wanted));
    END LOOP;
END $$;
COMMENT ON FUNCTION withhold_gateway(integer, inet) IS 'Takes an address that became a gateway out of the free space of a network.';

CREATE FUNCTION return_gateway(of_network integer, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Puts an address that is no longer a gateway back into the free space, unless something else keeps it out. A
-- release under way saw the gateway and does not free the address, so it is waited for.
BEGIN
    PERFORM FROM networks WHERE id = of_network FOR NO KEY UPDATE;
    PERFORM FROM reservations WHERE network_id = of_network AND address = wanted FOR UPDATE;
    IF EXISTS (SELECT FROM pools WHERE network_id = of_network AND cidr >>= wanted)
       AND NOT EXISTS (SELECT FROM free_ranges WHERE network_id = of_network AND last >= wanted AND first <= wanted) THEN
        PERFORM free_unless_withheld(of_network, wanted, wanted, clock_timestamp());
    END IF;
END $$;
COMMENT ON FUNCTION return_gateway(integer, inet) IS 'Puts an address that is no longer a gateway back into the free space of a network.';
