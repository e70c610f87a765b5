-- The allocator: one call, one round trip, one short transaction for all ranges of a request.
-- Functions that the server calls carry a version, so that old code and a new schema can meet.
--
-- Errors: RH100 exhausted, RH101 requested address taken, RH102 requested address outside the pool,
-- RH112 new addresses are held back until the running pods were read, RH103 no such pool, RH104 slices used up, RH106 placement of the pod must be verified, RH107 the pool must join
-- the shared space first, RH108 the sandbox belongs to another node, RH111 the owner is attached elsewhere: try again.
-- DETAIL holds the ordinal of the range.

CREATE FUNCTION claim_lowest(wanted_network integer, firsts inet[], lasts inet[]) RETURNS inet
LANGUAGE plpgsql AS $$
-- The lowest free address of the given segments (ascending, disjoint) whose run nobody has locked; its
-- run is locked for us. If all are locked: waits. NULL: there is none.
--
-- The last run that can reach into a segment is the first one that ends at or behind its end: with that
-- bound a full segment is known without reading the runs behind it.
DECLARE
    run_first inet;
BEGIN
    LOOP
        FOR i IN 1 .. coalesce(cardinality(firsts), 0) LOOP
            SELECT run.first INTO run_first FROM free_ranges run
             WHERE run.network_id = wanted_network AND NOT run.quarantined AND run.last >= firsts[i]
               AND run.last <= coalesce((SELECT bound.last FROM free_ranges bound
                                          WHERE bound.network_id = wanted_network AND NOT bound.quarantined
                                            AND bound.last >= lasts[i] ORDER BY bound.last LIMIT 1), lasts[i])
               AND run.first <= lasts[i]
             ORDER BY run.last LIMIT 1 FOR UPDATE OF run SKIP LOCKED;
            IF FOUND THEN
                RETURN greatest(run_first, firsts[i]);
            END IF;
        END LOOP;
        -- A look that skips what is locked can not tell a full pool from a busy one: look again, waiting.
        FOR i IN 1 .. coalesce(cardinality(firsts), 0) LOOP
            SELECT run.first INTO run_first FROM free_ranges run
             WHERE run.network_id = wanted_network AND NOT run.quarantined AND run.last >= firsts[i]
               AND run.last <= coalesce((SELECT bound.last FROM free_ranges bound
                                          WHERE bound.network_id = wanted_network AND NOT bound.quarantined
                                            AND bound.last >= lasts[i] ORDER BY bound.last LIMIT 1), lasts[i])
               AND run.first <= lasts[i]
             ORDER BY run.last LIMIT 1 FOR UPDATE OF run;
            IF FOUND THEN
                RETURN greatest(run_first, firsts[i]);
            END IF;
        END LOOP;
        -- What we waited for is gone, but our snapshot may be older than what was left of it.
        IF NOT has_free(wanted_network, firsts, lasts) THEN
            RETURN NULL;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION claim_lowest(integer, inet[], inet[]) IS
    'The lowest unlocked free address of some segments of a network, its run locked for the caller.';

CREATE FUNCTION has_free(wanted_network integer, firsts inet[], lasts inet[]) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Volatile on purpose: a statement of a volatile function sees what was committed meanwhile. One
-- statement on purpose: segment by segment, a free address that moves would be missed in each.
BEGIN
    -- The first run that ends in or behind a segment is the only one that needs a look.
    RETURN EXISTS (
        SELECT FROM unnest(firsts, lasts) AS segment (first, last)
         WHERE (SELECT run.first FROM free_ranges run
                 WHERE run.network_id = wanted_network AND NOT run.quarantined AND run.last >= segment.first
                 ORDER BY run.last LIMIT 1) <= segment.last);
END $$;
COMMENT ON FUNCTION has_free(integer, inet[], inet[]) IS 'Whether any address of some segments of a network is free.';

CREATE FUNCTION release_expired(wanted_network integer, at_most integer) RETURNS integer
LANGUAGE plpgsql AS $$
-- Releases sticky reservations whose time is over. Database time decides, and only for addresses that
-- no sandbox uses.
DECLARE
    released integer;
BEGIN
    WITH expired AS (
        SELECT r.network_id, r.address FROM reservations r
         -- In a subquery, since a volatile function alone would be no condition of the index.
         WHERE r.network_id = wanted_network AND r.expires_at <= (SELECT clock_timestamp())
           AND NOT EXISTS (SELECT FROM attachments a
                            WHERE a.network_id = r.network_id AND a.address = r.address)
         ORDER BY r.expires_at LIMIT at_most FOR UPDATE SKIP LOCKED)
    DELETE FROM reservations r USING expired e
     WHERE r.network_id = e.network_id AND r.address = e.address;
    GET DIAGNOSTICS released = ROW_COUNT;
    RETURN released;
END $$;
COMMENT ON FUNCTION release_expired(integer, integer) IS 'Releases unattached reservations whose time to live is over.';

CREATE FUNCTION free_or_due(wanted_network integer, firsts inet[], lasts inet[]) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Whether an address of some segments is free, or would be given to the next one who asks since its
-- quarantine or its time to live is over.
BEGIN
    -- One statement, so one snapshot: an address that is taken while another comes due is not missed in
    -- both. The clock stands in a subquery, since a volatile function alone is no condition of an index.
    RETURN EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last)
                    WHERE (SELECT f.first FROM free_ranges f
                            WHERE f.network_id = wanted_network AND NOT f.quarantined AND f.last >= s.first
                            ORDER BY f.last LIMIT 1) <= s.last)
        OR EXISTS (SELECT FROM free_ranges f
                    WHERE f.network_id = wanted_network AND f.quarantined AND f.free_from <= (SELECT clock_timestamp())
                      AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last)
                                   WHERE f.last >= s.first AND f.first <= s.last))
        OR EXISTS (SELECT FROM reservations r
                    WHERE r.network_id = wanted_network AND r.expires_at <= (SELECT clock_timestamp())
                      AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last)
                                   WHERE r.address BETWEEN s.first AND s.last)
                      AND NOT EXISTS (SELECT FROM attachments a
                                       WHERE a.network_id = r.network_id AND a.address = r.address));
END $$;
COMMENT ON FUNCTION free_or_due(integer, inet[], inet[]) IS
    'Whether an address of some segments of a network is free or has come due.';

CREATE FUNCTION end_misdated_quarantines(wanted_network integer, firsts inet[], lasts inet[]) RETURNS void
LANGUAGE plpgsql AS $$
-- Frees addresses of some segments that were quarantined by a clock that was ahead, by more than a minute: for how
-- long they have been is unknown, and they would stay for as long as the clock was ahead. The cost is one look
-- at the quarantine that would end last.
DECLARE
    run   free_ranges;
    ended timestamptz;
BEGIN
    FOR run IN
        SELECT * FROM free_ranges q
         WHERE q.network_id = wanted_network AND q.quarantined AND q.free_from > (SELECT clock_timestamp())
         ORDER BY q.free_from DESC
    LOOP
        SELECT max(upper(t.during)) INTO ended FROM tenures t
         WHERE address_key(t.address) = address_key(run.first) AND t.address = run.first AND t.network_id = wanted_network;
        EXIT WHEN ended IS NULL OR ended <= clock_timestamp() + interval '1 minute';
        IF EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE run.last >= s.first AND run.first <= s.last) THEN
            DELETE FROM free_ranges f WHERE f.network_id = wanted_network AND f.quarantined AND f.last = run.last;
            PERFORM free_covered(wanted_network, run.first, run.last, ended);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION end_misdated_quarantines(integer, inet[], inet[]) IS
    'Frees addresses of some segments that were quarantined by a clock that was ahead.';

CREATE FUNCTION await_due(wanted_network integer, firsts inet[], lasts inet[]) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Whether another look for a free address of some segments is worth it, asked before the answer is "none":
-- release_expired() and end_quarantines() skip what somebody else is freeing at the same moment, and stop
-- after so many. Frees what is due, and waits for whoever is at it.
BEGIN
    PERFORM end_misdated_quarantines(wanted_network, firsts, lasts);
    IF NOT free_or_due(wanted_network, firsts, lasts) THEN
        RETURN false;
    END IF;
    PERFORM FROM free_ranges f
      WHERE f.network_id = wanted_network AND f.quarantined AND f.free_from <= (SELECT clock_timestamp())
        AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE f.last >= s.first AND f.first <= s.last)
      ORDER BY f.free_from LIMIT 1 FOR UPDATE OF f;
    PERFORM FROM reservations r
      WHERE r.network_id = wanted_network AND r.expires_at <= (SELECT clock_timestamp())
        AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE r.address BETWEEN s.first AND s.last)
        AND NOT EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address)
      ORDER BY r.expires_at LIMIT 1 FOR UPDATE OF r;
    PERFORM release_expired(wanted_network, 1000);
    PERFORM end_quarantines(wanted_network, 1000);
    RETURN true;
END $$;
COMMENT ON FUNCTION await_due(integer, inet[], inet[]) IS
    'Whether an address of some segments is free, or has come due and is about to be; waits for whoever is freeing it.';

CREATE FUNCTION refuse_exhausted(wanted_network integer, wanted cidr, firsts inet[], lasts inet[], range_no integer,
                                 progress text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises RH100, and says so where the reuse delay alone is the reason. "progress" is what a reservation by hand could have.
DECLARE
    counted   CONSTANT integer := 1000;
    addresses integer;
    next_free timestamptz;
BEGIN
    SELECT f.free_from INTO next_free FROM free_ranges f
     WHERE f.network_id = wanted_network AND f.quarantined AND NOT is_withheld(f.network_id, f.first)
       AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE f.first BETWEEN s.first AND s.last)
     ORDER BY f.free_from LIMIT 1;
    IF FOUND THEN
        -- A refusal must not cost more the more there is in quarantine.
        SELECT count(*) INTO addresses FROM (
            SELECT FROM unnest(firsts, lasts) AS s (first, last),
                   LATERAL (SELECT FROM free_ranges f
                             WHERE f.network_id = wanted_network AND f.quarantined AND f.last BETWEEN s.first AND s.last
                             ORDER BY f.last LIMIT counted + 1) AS quarantined
             LIMIT counted + 1) AS first_ones;
        RAISE EXCEPTION 'no free address in pool %: % in quarantine, the next is free at %', concat_ws(': ', wanted::text, progress),
            CASE WHEN addresses > counted THEN 'more than ' || counted ELSE addresses::text END,
            to_char(next_free AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
            USING ERRCODE = 'RH100', DETAIL = range_no,
                  HINT = 'Wait until then, shorten the reuse delay of the pool or the NAD, or widen the range.';
    END IF;
    IF progress IS NOT NULL THEN
        RAISE EXCEPTION 'no free address in pool %: %', wanted, progress
            USING ERRCODE = 'RH100', HINT = 'Widen its window, make a pool of a larger CIDR, or release what is no longer used.';
    END IF;
    RAISE EXCEPTION 'no free address in pool %', wanted USING ERRCODE = 'RH100', DETAIL = range_no;
END $$;
COMMENT ON FUNCTION refuse_exhausted IS 'Raises the error that no address of some segments is free.';

CREATE FUNCTION ensure_node_slice(wanted_pool pools, wanted_cluster text, wanted_node text, slice_size integer,
                                  firsts inet[], lasts inet[])
RETURNS cidr
LANGUAGE plpgsql AS $$
-- The slice of a pool from which a node draws; if it has none yet, the lowest one that no node has and that reaches into
-- the segments. A slice that no longer does (a window or a NAD has changed) goes back, unless the node still uses it
-- inside the window of the pool.
DECLARE
    own cidr;
BEGIN
    SELECT slice INTO own FROM node_slices
     WHERE pool_id = wanted_pool.id AND cluster = wanted_cluster AND node = wanted_node;
    IF FOUND AND (SELECT bool_or(f <= last_address(own) AND l >= first_address(own)) FROM unnest(firsts, lasts) AS s (f, l)) THEN
        RETURN own;
    END IF;
    -- One new node of a pool at a time.
    PERFORM FROM pools WHERE id = wanted_pool.id FOR NO KEY UPDATE;
    DELETE FROM node_slices s
     WHERE s.pool_id = wanted_pool.id AND s.cluster = wanted_cluster AND s.node = wanted_node
       AND NOT EXISTS (SELECT FROM unnest(firsts, lasts) AS part (f, l)
                        WHERE part.f <= last_address(s.slice) AND part.l >= first_address(s.slice))
       AND (last_address(s.slice) < wanted_pool.window_first OR first_address(s.slice) > wanted_pool.window_last
            OR NOT EXISTS (SELECT FROM attachments a
                            WHERE a.node = s.node AND a.cluster = s.cluster
                              AND a.network_id = wanted_pool.network_id AND a.address <<= s.slice));
    SELECT slice INTO own FROM node_slices
     WHERE pool_id = wanted_pool.id AND cluster = wanted_cluster AND node = wanted_node;
    IF FOUND THEN
        RETURN own;
    END IF;
    -- The lowest aligned slice of this size in a gap, even among slices of other sizes: each gap begins at the start of
    -- the pool, or behind the aligned block in which a slice ends. In it, the first slice that reaches into a segment.
    SELECT candidate.slice INTO own FROM (
        SELECT CASE WHEN taken.slice IS NULL THEN set_masklen(first_address(wanted_pool.cidr), slice_size)
                    WHEN last_address(taken.block) < last_address(wanted_pool.cidr)
                    THEN set_masklen(last_address(taken.block) + 1, slice_size) END AS slice,
               taken.next_slice
          FROM (SELECT s.slice, set_masklen(last_address(s.slice), slice_size) AS block,
                       lead(s.slice) OVER (ORDER BY s.slice NULLS FIRST) AS next_slice
                  FROM (SELECT NULL::cidr AS slice
                        UNION ALL
                        SELECT slice FROM node_slices WHERE pool_id = wanted_pool.id) AS s) AS taken) AS gap
     CROSS JOIN unnest(firsts, lasts) AS part (f, l)
     CROSS JOIN LATERAL network(set_masklen(greatest(first_address(gap.slice), part.f), slice_size)) AS candidate (slice)
     WHERE gap.slice <<= wanted_pool.cidr AND candidate.slice <<= wanted_pool.cidr AND first_address(candidate.slice) <= part.l
       AND (gap.next_slice IS NULL OR last_address(candidate.slice) < first_address(gap.next_slice))
     ORDER BY candidate.slice LIMIT 1;
    IF NOT FOUND THEN
        -- A node that is gone, or has no pod of this pool left, gives its slice up to the one that needs it;
        -- should it come back, it gets another.
        DELETE FROM node_slices idle
         WHERE idle.pool_id = wanted_pool.id AND idle.slice = (
               SELECT s.slice FROM node_slices s
                WHERE s.pool_id = wanted_pool.id AND masklen(s.slice) = slice_size
                  AND EXISTS (SELECT FROM unnest(firsts, lasts) AS part (f, l)
                               WHERE part.f <= last_address(s.slice) AND part.l >= first_address(s.slice))
                  AND NOT EXISTS (SELECT FROM attachments a
                                   WHERE a.node = s.node AND a.cluster = s.cluster
                                     AND a.network_id = wanted_pool.network_id AND a.address <<= s.slice)
                ORDER BY s.created_at, s.slice LIMIT 1)
        RETURNING idle.slice INTO own;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'every /% slice of pool % belongs to a node', slice_size, wanted_pool.cidr
            USING ERRCODE = 'RH104', HINT = 'Widen the pool, or choose smaller slices: node_slice_size.';
    END IF;
    INSERT INTO node_slices (pool_id, cluster, node, slice)
    VALUES (wanted_pool.id, wanted_cluster, wanted_node, own);
    RETURN own;
END $$;
COMMENT ON FUNCTION ensure_node_slice IS 'The slice of a pool from which a node draws, assigned on its first call.';

CREATE FUNCTION refuse_request(wanted_pool integer, wanted inet, firsts inet[], lasts inet[], range_no integer,
                               cluster text, namespace text, name text, interface text)
RETURNS void
LANGUAGE plpgsql AS $$
-- Raises the reason why a requested address can not be had; returns if it may be had now, or if the same
-- owner got it a moment ago.
DECLARE
    pool   pools;
    holder reservations;
BEGIN
    SELECT * INTO pool FROM pools WHERE id = wanted_pool;
    IF is_withheld(pool.network_id, wanted)
       AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted) THEN
        RAISE EXCEPTION 'requested address % is %', host(wanted), why_withheld(pool.network_id, wanted)
            USING ERRCODE = 'RH102', DETAIL = range_no,
                  HINT = 'Ask for another address; `rowhouse explain` tells more.';
    END IF;
    IF NOT coalesce((SELECT bool_or(wanted BETWEEN f AND l) FROM unnest(firsts, lasts) AS s (f, l)), false) THEN
        RAISE EXCEPTION 'requested address % is outside what pool % gives out', host(wanted), pool.cidr
            USING ERRCODE = 'RH102', DETAIL = range_no,
                  HINT = 'Ask for an address inside its window, or let the window hold it.';
    END IF;
    LOOP
        SELECT * INTO holder FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted;
        EXIT WHEN await_due(pool.network_id, ARRAY[wanted], ARRAY[wanted]);
        EXIT WHEN (holder.pool_id, holder.owner_cluster, holder.owner_namespace, holder.owner_name, holder.owner_interface)
                = (wanted_pool, cluster, namespace, name, interface);
        IF holder.address IS NOT NULL THEN
            RAISE EXCEPTION 'requested address % is in use by %', host(wanted),
                concat_ws('/', nullif(holder.owner_namespace, ''), holder.owner_name)
                || CASE WHEN holder.owner_cluster <> coalesce(cluster, '') AND holder.owner_cluster <> ''
                        THEN ' of cluster "' || holder.owner_cluster || '"' ELSE '' END
                USING ERRCODE = 'RH101', DETAIL = range_no,
                      HINT = 'Ask for another address, or have its owner release it: `rowhouse explain` tells who that is.';
        END IF;
        IF NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted) THEN
            IF is_withheld(pool.network_id, wanted) THEN
                RAISE EXCEPTION 'requested address % is %', host(wanted), why_withheld(pool.network_id, wanted)
                    USING ERRCODE = 'RH102', DETAIL = range_no,
                          HINT = 'Ask for another address; `rowhouse explain` tells more.';
            END IF;
            RAISE EXCEPTION 'requested address % is in quarantine', host(wanted)
                USING ERRCODE = 'RH101', DETAIL = range_no,
                      HINT = 'Ask for another address; `rowhouse explain` tells from when on it can be had.';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION refuse_request IS 'Raises the reason why a requested address can not be had.';

CREATE FUNCTION clip_segments(low inet, high inet, INOUT firsts inet[], INOUT lasts inet[])
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT array_agg(greatest(s.f, low) ORDER BY s.f), array_agg(least(s.l, high) ORDER BY s.f)
      FROM unnest(firsts, lasts) AS s (f, l) WHERE s.l >= coalesce(low, s.l) AND s.f <= coalesce(high, s.f);
END;
COMMENT ON FUNCTION clip_segments IS 'The parts of some segments that lie between two addresses; NULL: no bound.';

CREATE FUNCTION in_slice(wanted_pool integer, wanted_cluster text, wanted_node text, slice_size integer,
                         INOUT firsts inet[], INOUT lasts inet[])
LANGUAGE plpgsql AS $$
-- The parts of the segments that lie in the node's slice of the pool.
DECLARE
    pool  pools;
    slice cidr;
BEGIN
    IF firsts IS NULL THEN
        RETURN;
    END IF;
    SELECT * INTO pool FROM pools WHERE id = wanted_pool;
    slice := ensure_node_slice(pool, wanted_cluster, wanted_node, slice_size, firsts, lasts);
    SELECT array_agg(greatest(f, first_address(slice)) ORDER BY f),
           array_agg(least(l, last_address(slice)) ORDER BY f) INTO firsts, lasts
      FROM unnest(firsts, lasts) AS s (f, l)
     WHERE f <= last_address(slice) AND l >= first_address(slice);
END $$;
COMMENT ON FUNCTION in_slice IS 'The parts of some segments that lie in a node''s slice of a pool.';

CREATE FUNCTION quarantined_for(wanted_network integer, owner text, wanted inet, firsts inet[], lasts inet[]) RETURNS inet
LANGUAGE sql STABLE
RETURN (SELECT f.first FROM rowhouse.free_ranges f
         WHERE f.quarantined AND f.previous_owner = owner AND f.network_id + 0 = wanted_network
           AND f.first = coalesce(wanted, f.first)
           AND NOT rowhouse.is_withheld(f.network_id, f.first)
           AND (SELECT true FROM unnest(firsts, lasts) AS s (first, last)
                 WHERE f.first BETWEEN s.first AND s.last LIMIT 1)
         ORDER BY f.first LIMIT 1);
COMMENT ON FUNCTION quarantined_for(integer, text, inet, inet[], inet[]) IS
    'An address of some segments that is quarantined after this very owner released it: the owner is exempt.';

CREATE FUNCTION refuse_held_pool(wanted_pool integer, wanted cidr, range_no integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    hold assignment_hold;
BEGIN
    SELECT * INTO hold FROM assignment_hold h
     WHERE NOT EXISTS (SELECT FROM assignment_hold_pools p WHERE p.pool_id = wanted_pool);
    IF FOUND THEN
        RAISE EXCEPTION 'pool % assigns no address until the running pods were read: %', wanted, hold.reason
            USING ERRCODE = 'RH112', DETAIL = range_no,
                  HINT = 'Run `rowhouse import pods`, and then `rowhouse import resume`. Held by ' || hold.actor || '.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_held_pool(integer, cidr, integer) IS 'Raises RH112 while new addresses of a pool are held back.';

CREATE FUNCTION held_by_sandbox(
    wanted_pool integer, cluster text, namespace text, name text, container_id text, interface text, only_node text,
    wanted inet, wanted_slot integer, taken text[])
RETURNS inet
LANGUAGE sql STABLE
RETURN (SELECT r.address FROM rowhouse.attachments a
          JOIN rowhouse.reservations r ON r.network_id = a.network_id AND r.address = a.address
         WHERE a.cluster = held_by_sandbox.cluster AND a.container_id = held_by_sandbox.container_id
           AND a.interface = held_by_sandbox.interface AND a.node = coalesce(only_node, a.node)
           AND r.owner_namespace = namespace AND r.owner_name = name AND r.owner_cluster = held_by_sandbox.cluster
           AND r.owner_interface = held_by_sandbox.interface
           AND r.pool_id = wanted_pool AND r.owner_kind = 'pod' AND r.address = coalesce(wanted, r.address)
           AND r.network_id || ' ' || host(r.address) <> ALL (taken)
         ORDER BY r.slot <> wanted_slot, r.slot LIMIT 1);
COMMENT ON FUNCTION held_by_sandbox IS 'The address of a pool that a sandbox uses already, except those that its call was given for other ranges.';

CREATE FUNCTION held_by_owner(
    wanted_pool integer, cluster text, namespace text, name text, interface text, wanted inet, wanted_slot integer,
    last_slot integer, taken text[])
RETURNS inet
LANGUAGE sql STABLE
-- An address that an operator reserved for the pod counts whatever its slot, unless the call has a range for that slot: it
-- may have been reserved while the pod ran with another one. (Not a sticky one, which any node's token can make.)
RETURN (SELECT r.address FROM rowhouse.reservations r
         WHERE r.owner_namespace = namespace AND r.owner_name = name AND r.pool_id = wanted_pool
           AND r.owner_interface = interface AND r.owner_cluster = cluster AND r.owner_kind = 'pod'
           AND CASE WHEN wanted IS NULL THEN r.slot = wanted_slot OR r.policy_source = 'operator' AND r.slot > last_slot ELSE r.address = wanted END
           AND r.network_id || ' ' || host(r.address) <> ALL (taken)
         ORDER BY r.slot <> wanted_slot, r.slot LIMIT 1);
COMMENT ON FUNCTION held_by_owner IS
    'The address that a pod''s interface holds in a pool, by slot or by address; else one that an operator reserved for it.';

CREATE FUNCTION held_in_other_range(
    wanted_network integer, cluster text, namespace text, name text, interface text, wanted inet,
    firsts inet[], lasts inet[], networks text[], cidrs cidr[], taken text[])
RETURNS inet
LANGUAGE sql STABLE
-- A range that was grown or moved is another pool, and the address of a living pod stays if the new range holds it.
RETURN (SELECT r.address FROM rowhouse.reservations r JOIN rowhouse.pools p ON p.id = r.pool_id
         WHERE r.owner_namespace = namespace AND r.owner_name = held_in_other_range.name
           AND r.owner_interface = interface AND r.owner_cluster = cluster AND r.owner_kind = 'pod'
           AND r.network_id + 0 = wanted_network AND r.address = coalesce(wanted, r.address)
           AND (SELECT true FROM unnest(firsts, lasts) AS s (first, last)
                 WHERE r.address BETWEEN s.first AND s.last LIMIT 1)
           AND NOT EXISTS (SELECT FROM unnest(networks, cidrs) AS own (network, cidr)
                            WHERE own.network = p.network_name AND own.cidr = p.cidr)
           AND r.network_id || ' ' || host(r.address) <> ALL (taken)
         ORDER BY r.address LIMIT 1);
COMMENT ON FUNCTION held_in_other_range IS
    'The address that a pod''s interface holds in a range which is no longer in its configuration, if the present range contains it.';

CREATE FUNCTION end_replaced_sandboxes(
    cluster text, interface text, node text, uid text, container_id text, spaces integer[], used inet[])
RETURNS void
LANGUAGE plpgsql AS $$
-- The same pod (uid) on the same node has one sandbox at a time: after a reboot its new one replaces the old, whose DEL
-- may come late or never. Another uid or node is another pod, or a migration: both stay.
DECLARE
    old text;
BEGIN
    FOR old IN
        SELECT DISTINCT a.container_id
          FROM unnest(spaces, used) AS given (network_id, address)
          JOIN attachments a ON a.network_id = given.network_id AND a.address = given.address
         WHERE a.cluster = end_replaced_sandboxes.cluster AND a.interface = end_replaced_sandboxes.interface
           AND a.node = end_replaced_sandboxes.node AND a.pod_uid = uid
           AND a.container_id <> end_replaced_sandboxes.container_id
         ORDER BY 1
    LOOP
        IF old = '' THEN
            DELETE FROM attachments a USING unnest(spaces, used) AS given (network_id, address)
             WHERE a.network_id = given.network_id AND a.address = given.address AND a.container_id = ''
               AND a.cluster = end_replaced_sandboxes.cluster AND a.interface = end_replaced_sandboxes.interface
               AND a.node = end_replaced_sandboxes.node AND a.pod_uid = uid;
        ELSE
            PERFORM detach_many_v1(ARRAY[end_replaced_sandboxes.cluster], ARRAY[old], ARRAY[end_replaced_sandboxes.interface],
                                   ARRAY[end_replaced_sandboxes.node], 'REPLACED');
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION end_replaced_sandboxes IS 'Ends the attachments of earlier sandboxes of the same pod (uid) on the same node.';

CREATE FUNCTION attach_v1(
    cluster text, node text, container_id text, interface text, cni_network text,
    namespace text, pod text, uid text, is_sticky boolean, ttl interval,
    networks text[], cidrs cidr[], pool_names text[], isolated boolean[], requested inet[], slots integer[],
    slice_sizes integer[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[], strict boolean,
    max_wait integer DEFAULT 3000, gateway_ranges integer[] DEFAULT '{}', gateway_addresses inet[] DEFAULT '{}',
    reuse_delay interval DEFAULT NULL, bound_node text DEFAULT NULL, placement text DEFAULT 'ask')
RETURNS TABLE (ordinal integer, network_name text, cidr cidr, address inet, gateway inet, created boolean, rival text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s' -- max_wait, below; what the caller has set is there again afterwards
-- Statistics of a table that was empty a moment ago must not lead a hot query off its index. Before
-- PostgreSQL 18 a forbidden node costs 1e10 on paper, which alone would have the plan compiled, for
-- hundreds of milliseconds, where the server was built with JIT.
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_sort = off
SET enable_bitmapscan = off
AS $$
-- Few statements on purpose: starting one costs as much as an index look-up.
--
-- bound_node is the node that the caller's token is for; NULL: it may act for every node. Where the owner is attached on
-- another node, placement says what is known of the pod: 'ask' nothing yet (RH106), 'join' it runs on the caller's node,
-- 'avoid' that could not be verified, so what the other node has is not touched.
--
-- rival is the node and uid of another pod that uses the address as well, and began not long ago: two clusters that do not
-- say their names may have pods of one name.
#variable_conflict use_column
DECLARE
    -- Not a SET clause: only a superuser may name a parameter of our own there. (The command so far, and the new settings, in
    -- one expression: each that reads or writes one takes a snapshot.) max_wait is milliseconds, for each lock.
    settings text[] := ARRAY[coalesce(current_setting('rowhouse.command', true), ''),
                             set_config('rowhouse.command', 'ADD, complete', true),
                             set_config('lock_timeout', max_wait::text, true)];
    command  text;
    single   boolean := cardinality(cidrs) = 1;
    the_pool integer;
    space    integer;
    held     inet;
    is_due   boolean;
    drained  boolean;
    slot_no  integer;
    changed  boolean;
    firsts   inet[];
    lasts    inet[];
    own      inet;
    low      inet;
    high     inet;
    owner    text;
    is_alone boolean;
    is_kept  boolean;
    is_own   boolean;
    rounds   integer;
    is_usual boolean;
    is_shunned boolean;
    elsewhere text;
    -- (Set below: an array costs the usual call more than it looks.)
    taken    text[];
    spaces   integer[];
    used     inet[];
BEGIN
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;

    -- 0. The usual call in three statements: one range of a plain pool, and the lowest unlocked run lies within the
    -- range. Every other call, one that finds no such run, and an owner that holds an address of the pool already, which
    -- the unique constraint tells, continue below.
    -- (Nothing in the first condition that depends on the database: evaluating it would take a snapshot of its own.)
    is_usual := single AND NOT strict AND cardinality(segment_firsts) = 1
                AND slots[1] = 0 AND requested[1] IS NULL AND pool_names[1] IS NULL AND slice_sizes[1] IS NULL AND (reuse_delay = '0') IS NOT false;
    IF is_usual AND cardinality(gateway_addresses) > 0 THEN
        is_usual := knows_gateways(attach_v1.cni_network, networks[1], cidrs[1], gateway_addresses);
    END IF;
    IF is_usual THEN
        SELECT p.pool_id, p.network_id, lowest.first, lowest.last INTO the_pool, space, address, own
          FROM plain_pools p, LATERAL (
                SELECT run.first, run.last, run.free_from FROM free_ranges run
                 WHERE run.network_id = p.network_id AND NOT run.quarantined
                   AND run.last BETWEEN segment_firsts[1] AND segment_lasts[1]
                 ORDER BY run.last LIMIT 1 FOR UPDATE SKIP LOCKED) AS lowest
         WHERE p.network_name = networks[1] AND p.cidr = cidrs[1] AND (NOT p.isolated OR attach_v1.isolated[1]) AND NOT is_careful()
           AND lowest.free_from <= clock_timestamp()
           AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = p.network_id AND r.expires_at <= now()
                            ORDER BY r.expires_at LIMIT 1);
        IF FOUND AND address >= segment_firsts[1] THEN
            -- It does itself what reservation_made() does for every other INSERT: the command says so.
            WITH made AS (
                INSERT INTO reservations AS r (network_id, address, pool_id, owner_cluster, owner_namespace, owner_name,
                                               owner_interface, owner_uid, slot, sticky, sticky_ttl, reuse_delay, node, container_id)
                VALUES (space, address, the_pool, cluster, namespace, pod, interface, uid, slots[1], is_sticky, ttl,
                        attach_v1.reuse_delay, node, container_id)
                ON CONFLICT DO NOTHING
                RETURNING r.tenure_id),
            used AS (
                INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
                SELECT cluster, container_id, interface, space, address, node, cni_network, uid FROM made),
            opened AS (
                INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                                     owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
                SELECT made.tenure_id, space, address, the_pool, tstzrange(clock_timestamp(), NULL), 'pod',
                       cluster, namespace, pod, interface, uid, node, container_id, current_actor(), 'ADD' FROM made)
            SELECT 1, networks[1], cidrs[1], NULL, true INTO ordinal, network_name, cidr, gateway, created FROM made;
            IF FOUND THEN
                IF address < own THEN
                    UPDATE free_ranges f SET first = address + 1 WHERE f.network_id = space AND NOT f.quarantined AND f.last = own;
                ELSE
                    DELETE FROM free_ranges f WHERE f.network_id = space AND NOT f.quarantined AND f.last = own;
                END IF;
                RETURN NEXT;
                command := set_config('rowhouse.command', settings[1], true);
                RETURN;
            END IF;
        END IF;
    END IF;
    command := set_config('rowhouse.command', 'ADD', true);

    owner := owner_key(cluster, namespace, pod, interface);
    taken := '{}';
    spaces := '{}';
    used := '{}';

    IF bound_node IS NOT NULL THEN
        SELECT a.node INTO elsewhere FROM attachments a
         WHERE a.cluster = attach_v1.cluster AND a.container_id = attach_v1.container_id
           AND a.interface = attach_v1.interface AND a.node NOT IN ('', bound_node) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'sandbox % belongs to node "%", and the token is for node "%"',
                attach_v1.container_id, elsewhere, bound_node
                USING ERRCODE = 'RH108', HINT = 'A node''s token acts for the sandboxes of its own node.';
        END IF;
    END IF;

    IF cardinality(gateway_addresses) > 0 THEN
        PERFORM learn_gateways(attach_v1.cni_network, networks, cidrs, pool_names, isolated, gateway_ranges, gateway_addresses);
    END IF;

    -- All calls take their ranges in one order, so that no two wait for each other.
    FOREACH ordinal IN ARRAY CASE WHEN single THEN '{1}'::integer[]
                                  ELSE ARRAY(SELECT i FROM generate_subscripts(cidrs, 1) AS i
                                              ORDER BY networks[i], pool_names[i], cidrs[i], i) END LOOP
        IF pool_names[ordinal] IS NOT NULL THEN
            SELECT p.network_name, p.cidr, p.gateway INTO network_name, cidr, gateway
              FROM pools p WHERE p.name = pool_names[ordinal];
            IF NOT FOUND THEN
                RAISE EXCEPTION 'there is no pool named "%"', pool_names[ordinal]
                    USING ERRCODE = 'RH103', DETAIL = ordinal,
                          HINT = 'Make it by `rowhouse pool create CIDR --name`; `rowhouse pool list` shows those that are there.';
            END IF;
            networks[ordinal] := network_name;
            cidrs[ordinal] := cidr;
        ELSE
            gateway := NULL;
        END IF;
        is_shunned := false;
        rival := NULL;
        rounds := 0;

        LOOP
            -- A search that never ends would keep its locks: rather let the caller repeat the call.
            rounds := rounds + 1;
            IF rounds > 1000 THEN
                RAISE EXCEPTION 'pool % changed 1000 times while an address was searched', cidrs[ordinal] USING ERRCODE = '40001';
            END IF;
            -- 1. The pool, and whether anything has come due.
            SELECT p.id, p.network_id, p.network_name, p.cidr, p.drained, p.window_first, p.window_last,
                   p.isolated AND NOT attach_v1.isolated[ordinal] AND pool_names[ordinal] IS NULL,
                   -- (ORDER BY keeps these two on the indexes that hold nothing but what will come due, and
                   -- now() makes a condition of them; the volatile clock_timestamp() would read them whole)
                   EXISTS (SELECT FROM reservations r
                            WHERE r.network_id = p.network_id AND r.expires_at <= now()
                            ORDER BY r.expires_at LIMIT 1)
                   OR EXISTS (SELECT FROM free_ranges f
                               WHERE f.network_id = p.network_id AND f.quarantined AND f.free_from <= now()
                               ORDER BY f.free_from LIMIT 1)
              INTO the_pool, space, network_name, cidr, drained, low, high, is_alone, is_due
              FROM pools p WHERE p.network_name = networks[ordinal] AND p.cidr = cidrs[ordinal];
            IF NOT FOUND THEN
                PERFORM ensure_pool(networks[ordinal], cidrs[ordinal], attach_v1.isolated[ordinal]);
                CONTINUE;
            END IF;
            IF is_alone THEN
                RAISE EXCEPTION 'pool % is isolated, and this configuration shares its addresses', cidr
                    USING ERRCODE = 'RH107', DETAIL = ordinal;
            END IF;

            IF pool_names[ordinal] IS NOT NULL THEN
                SELECT array_agg(w.first_address ORDER BY w.first_address), array_agg(w.last_address ORDER BY w.first_address)
                  INTO firsts, lasts FROM pools p, pool_window(p) w WHERE p.id = the_pool;
            ELSIF single THEN
                firsts := segment_firsts;
                lasts := segment_lasts;
            ELSE
                firsts := ARRAY(SELECT segment_firsts[i] FROM generate_subscripts(segment_ranges, 1) AS i
                                 WHERE segment_ranges[i] = ordinal ORDER BY i);
                lasts := ARRAY(SELECT segment_lasts[i] FROM generate_subscripts(segment_ranges, 1) AS i
                                WHERE segment_ranges[i] = ordinal ORDER BY i);
            END IF;
            IF pool_names[ordinal] IS NULL AND (low IS NOT NULL OR high IS NOT NULL) THEN
                -- An operator's window holds for those who spell the range, too.
                SELECT s.firsts, s.lasts INTO firsts, lasts FROM clip_segments(low, high, firsts, lasts) s;
            END IF;

            -- 2. What this sandbox or its owner holds already.
            held := held_by_sandbox(the_pool, cluster, namespace, pod, container_id, interface, bound_node, requested[ordinal],
                                    slots[ordinal], CASE WHEN strict THEN '{}' ELSE taken END);
            is_own := held IS NOT NULL;
            IF held IS NULL AND NOT is_shunned THEN
                held := held_by_owner(the_pool, cluster, namespace, pod, interface, requested[ordinal], slots[ordinal],
                                      (SELECT max(s) FROM unnest(slots) AS s), CASE WHEN strict THEN '{}' ELSE taken END);
                IF held IS NULL AND NOT strict THEN
                    held := held_in_other_range(space, cluster, namespace, pod, interface, requested[ordinal], firsts, lasts,
                                                networks, cidrs, taken);
                END IF;
            END IF;
            IF held IS NOT NULL THEN
                SELECT r.address, r.sticky OR r.policy_source = 'operator',
                       (r.node, r.container_id, r.owner_uid, r.expires_at, r.pool_id) IS DISTINCT FROM
                       (attach_v1.node, attach_v1.container_id, uid, NULL::timestamptz, the_pool)
                  INTO address, is_kept, changed FROM reservations r
                 WHERE r.network_id = space AND r.address = held AND r.owner_kind = 'pod'
                   AND r.owner_namespace = namespace AND r.owner_name = pod AND r.owner_interface = interface
                   AND r.owner_cluster = cluster FOR UPDATE;
                created := NOT FOUND;
                CONTINUE WHEN created;
                -- (What this very sandbox uses was settled when it was attached.)
                IF bound_node IS NOT NULL AND NOT is_own AND placement <> 'join' THEN
                    SELECT a.node INTO elsewhere FROM attachments a
                     WHERE a.network_id = space AND a.address = held AND a.node <> bound_node LIMIT 1;
                    IF FOUND THEN
                        IF placement = 'ask' THEN
                            RAISE EXCEPTION 'address % of pod %/% is attached on node "%"', host(held), namespace, pod, elsewhere
                                USING ERRCODE = 'RH106', DETAIL = ordinal;
                        ELSIF is_kept OR requested[ordinal] IS NOT NULL THEN
                            RAISE EXCEPTION 'address % of pod %/% is still attached on node "%", and it could not be verified that the pod runs on node "%"',
                                host(held), namespace, pod, elsewhere, bound_node
                                USING ERRCODE = 'RH111', DETAIL = ordinal,
                                      HINT = 'The controller ends the old attachment once the pod or its node is gone. `rowhouse doctor` shows whether the server may read pods.';
                        END IF;
                        is_shunned := true;
                        CONTINUE;
                    END IF;
                END IF;
                EXIT;
            END IF;
            created := true;
            PERFORM refuse_held_pool(the_pool, cidr, ordinal);
            IF drained THEN
                RAISE EXCEPTION 'pool % is drained: it gives out no further address', cidr
                    USING ERRCODE = 'RH100', DETAIL = ordinal, HINT = '`rowhouse pool undrain` lets it give out addresses again.';
            END IF;
            IF is_due THEN
                PERFORM release_expired(space, 1000);
                PERFORM end_quarantines(space, 1000);
            END IF;

            IF slice_sizes[ordinal] IS NOT NULL THEN
                SELECT s.firsts, s.lasts INTO firsts, lasts
                  FROM in_slice(the_pool, cluster, node, slice_sizes[ordinal], firsts, lasts) s;
            END IF;

            -- The previous owner of a quarantined address is exempt from the quarantine.
            own := quarantined_for(space, owner, requested[ordinal], firsts, lasts);
            IF own IS NOT NULL THEN
                CONTINUE WHEN NOT end_quarantine_of(space, own);
                firsts := ARRAY[own];
                lasts := ARRAY[own];
            END IF;

            slot_no := slots[ordinal];
            IF requested[ordinal] IS NOT NULL THEN
                -- 3a. The address asked for, if it can be had.
                PERFORM refuse_request(the_pool, requested[ordinal], firsts, lasts, ordinal, cluster, namespace, pod, interface);
                -- Its run is locked before its reservation is made, the order in which everybody does it.
                address := claim_lowest(space, ARRAY[requested[ordinal]], ARRAY[requested[ordinal]]);
                CONTINUE WHEN address IS NULL;
                SELECT coalesce(max(r.slot) + 1, slot_no) INTO slot_no FROM reservations r
                 WHERE r.owner_namespace = namespace AND r.owner_name = pod AND r.pool_id = the_pool
                   AND r.owner_interface = interface AND r.owner_cluster = cluster AND r.owner_kind = 'pod';
            ELSE
                -- 3b. The lowest free address.
                address := claim_lowest(space, firsts, lasts);
                IF strict THEN
                    -- As upstream, an address that this pod holds in an overlapping range counts as free.
                    SELECT min(r.address) INTO own FROM reservations r
                     WHERE r.owner_namespace = namespace AND r.owner_name = pod AND r.owner_cluster = cluster
                       AND r.owner_kind = 'pod' AND r.network_id = space AND r.pool_id <> the_pool
                       AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (f, l) WHERE r.address BETWEEN f AND l);
                    IF (own < address OR address IS NULL) AND bound_node IS NOT NULL AND placement <> 'join' THEN
                        -- Only the configuration says that this is strict mode: what another node has is safe from it.
                        SELECT a.node INTO elsewhere FROM attachments a
                         WHERE a.network_id = space AND a.address = own AND a.node <> bound_node LIMIT 1;
                        IF FOUND AND placement = 'ask' THEN
                            RAISE EXCEPTION 'address % of pod %/% is attached on node "%"', host(own), namespace, pod, elsewhere
                                USING ERRCODE = 'RH106', DETAIL = ordinal;
                        ELSIF FOUND THEN
                            own := NULL;
                        END IF;
                    END IF;
                    IF own < address OR address IS NULL THEN
                        address := own;
                        changed := true;
                        created := own IS NULL;
                        EXIT WHEN NOT created;
                    END IF;
                END IF;
                IF address IS NULL THEN
                    CONTINUE WHEN await_due(space, firsts, lasts);
                    -- The last one went to this very pod, while the same call was under way elsewhere.
                    CONTINUE WHEN EXISTS (SELECT FROM reservations r
                                           WHERE r.owner_namespace = namespace AND r.owner_name = pod AND r.pool_id = the_pool
                                             AND r.owner_interface = interface AND r.owner_cluster = cluster
                                             AND r.owner_kind = 'pod' AND r.slot = slots[ordinal]
                                             AND r.network_id || ' ' || host(r.address) <> ALL (taken)) AND NOT is_shunned;
                    -- 4. Nothing at all; the whole call is rolled back.
                    PERFORM refuse_exhausted(space, cidr, firsts, lasts, ordinal);
                END IF;
                SELECT CASE WHEN bool_or(r.slot = slots[ordinal]) THEN max(r.slot) + 1 ELSE slots[ordinal] END
                  INTO slot_no FROM reservations r
                 WHERE r.owner_namespace = namespace AND r.owner_name = pod AND r.pool_id = the_pool
                   AND r.owner_interface = interface AND r.owner_cluster = cluster AND r.owner_kind = 'pod'
                   AND (is_shunned OR taken <> '{}');
                slot_no := coalesce(slot_no, slots[ordinal]);
            END IF;
            WITH made AS (
                INSERT INTO reservations AS r (network_id, address, pool_id, owner_cluster, owner_namespace, owner_name,
                                               owner_interface, owner_uid, slot, sticky, sticky_ttl, reuse_delay, node, container_id)
                VALUES (space, address, the_pool, cluster, namespace, pod, interface, uid, slot_no, is_sticky, ttl,
                        attach_v1.reuse_delay, node, container_id)
                ON CONFLICT DO NOTHING
                RETURNING r.network_id, r.address),
            used AS (
                INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
                SELECT cluster, container_id, interface, made.network_id, made.address, node, cni_network, uid FROM made)
            SELECT made.address INTO held FROM made;
            EXIT WHEN FOUND;
            PERFORM withdraw_reserved(space, address);
            -- Another call of the same owner was faster, or the requested address went meanwhile: look again.
        END LOOP;

        IF NOT created THEN
            IF changed THEN
                UPDATE reservations r
                   SET node = attach_v1.node, container_id = attach_v1.container_id, owner_uid = uid, expires_at = NULL,
                       pool_id = the_pool,
                       slot = CASE WHEN r.pool_id = the_pool THEN r.slot
                                   ELSE (SELECT coalesce(max(o.slot) + 1, slots[ordinal]) FROM reservations o
                                          WHERE o.owner_namespace = namespace AND o.owner_name = pod AND o.pool_id = the_pool
                                            -- (In strict mode the reservation may be of another interface.)
                                            AND o.owner_interface = r.owner_interface AND o.owner_cluster = cluster) END
                 WHERE r.network_id = space AND r.address = attach_v1.address;
            END IF;
            INSERT INTO attachments AS a (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
            VALUES (cluster, container_id, interface, space, address, node, cni_network, uid)
            ON CONFLICT (cluster, container_id, interface, network_id, address) DO UPDATE
               SET node = excluded.node, pod_uid = coalesce(excluded.pod_uid, a.pod_uid), cni_network = excluded.cni_network
             WHERE (a.node, a.cni_network) <> (excluded.node, excluded.cni_network) OR a.pod_uid IS NULL;
            SELECT 'node "' || a.node || '", uid ' || a.pod_uid INTO rival FROM attachments a
             WHERE a.network_id = space AND a.address = attach_v1.address AND a.pod_uid <> uid AND a.node <> attach_v1.node
               AND a.attached_at > clock_timestamp() - interval '10 minutes' LIMIT 1;
            spaces := spaces || space;
            used := used || address;
        END IF;
        taken := taken || (space || ' ' || host(address));
        RETURN NEXT;
    END LOOP;
    IF used <> '{}' AND uid IS NOT NULL THEN
        PERFORM end_replaced_sandboxes(cluster, interface, node, uid, container_id, spaces, used);
    END IF;
    command := set_config('rowhouse.command', settings[1], true);
END $$;
COMMENT ON FUNCTION attach_v1 IS 'CNI ADD: one address of each range for one interface of a pod, all or nothing.';

CREATE FUNCTION attach_many_v1(
    clusters text[], nodes text[], container_ids text[], interfaces text[], cni_networks text[],
    namespaces text[], pods text[], uids text[], network text, cidr cidr, firsts inet[], lasts inet[],
    max_wait integer DEFAULT 3000, gateway_addresses inet[] DEFAULT '{}', is_isolated boolean DEFAULT false, reuse_delay interval DEFAULT NULL)
RETURNS TABLE (ordinal integer, address inet)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_sort = off
SET enable_bitmapscan = off
-- Nothing is known of how many calls there are: one look at an index for each.
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Many plain calls of attach_v1() for one pool at once: a range, pods that are not sticky, no wishes. Gives the
-- rows of those that were served, and rows without an address of those for whom nothing was free that nobody
-- has locked: they may come again, since somebody else was served. Whoever has no row must call attach_v1(),
-- which knows what an owner holds already, and why there is nothing left. So one call never fails for
-- another's sake. It waits for a lock only while it holds none, or for the same owner. All calls are of one CNI
-- network if there are gateway_addresses.
#variable_conflict use_column
DECLARE
    around   text := coalesce(current_setting('rowhouse.command', true), '');
    command  text := set_config('rowhouse.command', 'ADD', true);
    waits    text := set_config('lock_timeout', max_wait::text, true);
    the_pool integer;
    space    integer;
    wanting  integer[];
    claimed  inet[];
    missing  integer;
    start    inet;
    stop     inet;
BEGIN
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    SELECT p.id, p.network_id, p.window_first, p.window_last INTO the_pool, space, start, stop FROM pools p
     WHERE p.network_name = attach_many_v1.network AND p.cidr = attach_many_v1.cidr AND NOT p.drained
       AND (NOT p.isolated OR is_isolated) AND NOT EXISTS (SELECT FROM assignment_hold)
       AND NOT EXISTS (SELECT FROM unnest(gateway_addresses) AS own_gateway (address)
                        WHERE NOT EXISTS (SELECT FROM gateways g
                                           WHERE g.pool_id = p.id AND g.address = own_gateway.address
                                             AND g.cni_network = cni_networks[1]))
       AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = p.network_id AND r.expires_at <= now()
                        ORDER BY r.expires_at LIMIT 1)
       AND NOT EXISTS (SELECT FROM free_ranges f WHERE f.network_id = p.network_id AND f.quarantined AND f.free_from <= now()
                        ORDER BY f.free_from LIMIT 1);
    IF FOUND THEN
        IF start IS NOT NULL OR stop IS NOT NULL THEN
            SELECT s.firsts, s.lasts INTO firsts, lasts FROM clip_segments(start, stop, firsts, lasts) s;
        END IF;
        wanting := ARRAY(
            SELECT n FROM generate_subscripts(pods, 1) AS n
             WHERE (SELECT r.slot FROM reservations r
                     WHERE r.owner_namespace = namespaces[n] AND r.owner_name = pods[n] AND r.owner_interface = interfaces[n]
                       AND r.owner_cluster = clusters[n] AND r.network_id + 0 = space LIMIT 1) IS NULL
               AND (SELECT true FROM free_ranges f
                     WHERE f.quarantined AND f.previous_owner = owner_key(clusters[n], namespaces[n], pods[n], interfaces[n])
                       AND f.network_id + 0 = space LIMIT 1) IS NULL);
        LOOP
            claimed := '{}';
            FOR i IN 1 .. coalesce(cardinality(firsts), 0) LOOP
                missing := cardinality(wanting) - cardinality(claimed);
                EXIT WHEN missing = 0;
                -- As claim_lowest(): the first run that reaches into the segment and that nobody has locked.
                SELECT greatest(run.first, firsts[i]), least(run.last, lasts[i]) INTO start, stop FROM free_ranges run
                 WHERE run.network_id = space AND NOT run.quarantined AND run.last >= firsts[i]
                   AND run.last <= coalesce((SELECT bound.last FROM free_ranges bound
                                              WHERE bound.network_id = space AND NOT bound.quarantined
                                                AND bound.last >= lasts[i] ORDER BY bound.last LIMIT 1), lasts[i])
                   AND run.first <= lasts[i]
                 ORDER BY run.last LIMIT 1 FOR UPDATE OF run SKIP LOCKED;
                CONTINUE WHEN NOT FOUND;
                IF start + (missing - 1) <= stop THEN
                    claimed := claimed || ARRAY(SELECT start + n FROM generate_series(0, missing - 1) AS n);
                ELSE
                    -- It is too short: as many runs as there are calls at most.
                    claimed := claimed || ARRAY(
                        SELECT part.start + n FROM (
                            SELECT greatest(run.first, firsts[i]) AS start, least(run.last, lasts[i]) AS stop FROM free_ranges run
                             WHERE run.network_id = space AND NOT run.quarantined AND run.last >= firsts[i]
                               AND run.last <= coalesce((SELECT bound.last FROM free_ranges bound
                                                          WHERE bound.network_id = space AND NOT bound.quarantined
                                                            AND bound.last >= lasts[i] ORDER BY bound.last LIMIT 1), lasts[i])
                               AND run.first <= lasts[i]
                             ORDER BY run.last LIMIT missing FOR UPDATE OF run SKIP LOCKED) AS part,
                            -- (the difference of two IPv6 addresses may be too large for its type)
                            generate_series(0, CASE WHEN part.start + (missing - 1) <= part.stop THEN missing - 1
                                                    ELSE part.stop - part.start END) AS n
                         ORDER BY part.start, n LIMIT missing);
                END IF;
            END LOOP;
            -- All of it is locked, or gone: wait for the first run, and look again with that one in hand.
            EXIT WHEN claimed <> '{}' OR wanting = '{}' OR claim_lowest(space, firsts, lasts) IS NULL;
        END LOOP;
        RETURN QUERY
            WITH given AS (
                SELECT n, a AS address FROM unnest(wanting, claimed) AS pair (n, a) WHERE n IS NOT NULL AND a IS NOT NULL),
            made AS (
                INSERT INTO reservations AS r (network_id, address, pool_id, owner_cluster, owner_namespace, owner_name,
                                               owner_interface, owner_uid, reuse_delay, node, container_id)
                SELECT space, given.address, the_pool, clusters[given.n], namespaces[given.n], pods[given.n],
                       interfaces[given.n], uids[given.n], attach_many_v1.reuse_delay, nodes[given.n], container_ids[given.n]
                  FROM given
                ON CONFLICT DO NOTHING
                RETURNING r.address),
            used AS (
                INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
                SELECT clusters[given.n], container_ids[given.n], interfaces[given.n], space, given.address, nodes[given.n],
                       cni_networks[given.n], uids[given.n]
                  FROM made JOIN given ON given.address = made.address)
            SELECT given.n, given.address FROM made JOIN given ON given.address = made.address;
        IF claimed <> '{}' THEN
            RETURN QUERY SELECT wanting[i], NULL::inet FROM generate_series(cardinality(claimed) + 1, cardinality(wanting)) AS i;
        END IF;
    END IF;
    command := set_config('rowhouse.command', around, true);
END $$;
COMMENT ON FUNCTION attach_many_v1 IS 'CNI ADD for many pods on one pool at once: those that the usual way serves.';

CREATE FUNCTION detach_many_v1(clusters text[], container_ids text[], interfaces text[], only_nodes text[], reason text,
                               max_wait integer DEFAULT 3000, only_uids text[] DEFAULT NULL)
RETURNS TABLE (ordinal integer, network_id integer, address inet, released boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_sort = off
SET enable_bitmapscan = off
-- Nothing is known of how many calls there are: one look at an index for each.
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Ends the attachments of sandboxes' interfaces; the last one to go releases the reservation, unless
-- its owner is sticky. Nothing to do is success, and so is an attachment of another node than only_nodes says: that
-- one stays, since a container id is no secret and must not release what another node's pod uses.
#variable_conflict use_column
DECLARE
    -- Not a SET clause: only a superuser may name a parameter of our own there.
    around  text := coalesce(current_setting('rowhouse.command', true), '');
    command text := set_config('rowhouse.command', reason, true);
    waits   text := set_config('lock_timeout', max_wait::text, true);
    held    record;
    kept    reservations;
    other   attachments;
    gone    integer[];
    spaces  integer[];
    used    inet[];
BEGIN
    -- Before a reservation is looked up: while an isolated pool joins the shared space, its reservations move to another
    -- network, and a row lock that waited for that would find nothing to release.
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    FOR n IN 1 .. coalesce(cardinality(container_ids), 0) LOOP
        -- The reservation is locked first: whether this was its last attachment is then for us to say.
        FOR held IN
            SELECT r.network_id, r.address
              FROM attachments a JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
             WHERE a.cluster = clusters[n] AND a.container_id = container_ids[n] AND a.interface = interfaces[n]
               AND a.node = coalesce(only_nodes[n], a.node)
               AND (only_uids[n] IS NULL OR coalesce(a.pod_uid, r.owner_uid) = only_uids[n])
             ORDER BY a.network_id, a.address FOR UPDATE OF r
        LOOP
            DELETE FROM attachments a
             WHERE a.cluster = clusters[n] AND a.container_id = container_ids[n] AND a.interface = interfaces[n]
               AND a.network_id = held.network_id AND a.address = held.address AND a.node = coalesce(only_nodes[n], a.node);
            IF FOUND THEN
                gone := gone || n;
                spaces := spaces || held.network_id;
                used := used || held.address::inet;
            END IF;
        END LOOP;
    END LOOP;
    IF used IS NOT NULL THEN
        -- The usual case, once for all: nobody else uses the address, and nobody wants to keep it. (Both arrays
        -- narrow the index down; that the pair is one of ours is then a matter of few rows.)
        RETURN QUERY
            WITH freed AS (
                DELETE FROM reservations r
                 WHERE r.network_id = ANY (spaces) AND r.address = ANY (used)
                   AND (SELECT true FROM unnest(spaces, used) AS call (network_id, address)
                         WHERE call.network_id = r.network_id AND call.address = r.address LIMIT 1)
                   AND r.owner_kind = 'pod' AND NOT r.sticky
                   AND (SELECT a.cluster FROM attachments a
                         WHERE a.network_id = r.network_id AND a.address = r.address LIMIT 1) IS NULL
                RETURNING r.network_id, r.address)
            -- Of several calls that ended attachments of one address, the last one released it.
            SELECT call.n, call.network_id, call.address,
                   freed.address IS NOT NULL
                   AND row_number() OVER (PARTITION BY call.network_id, call.address ORDER BY call.n DESC) = 1
              FROM unnest(gone, spaces, used) AS call (n, network_id, address)
              LEFT JOIN freed ON freed.network_id = call.network_id AND freed.address = call.address;
        FOR kept IN
            SELECT r.* FROM reservations r
             WHERE r.network_id = ANY (spaces) AND r.address = ANY (used)
               AND (SELECT true FROM unnest(spaces, used) AS call (network_id, address)
                     WHERE call.network_id = r.network_id AND call.address = r.address LIMIT 1)
        LOOP
            SELECT * INTO other FROM attachments a
             WHERE a.network_id = kept.network_id AND a.address = kept.address
             ORDER BY a.attached_at DESC LIMIT 1;
            IF FOUND THEN
                UPDATE reservations r SET node = other.node, container_id = other.container_id
                 WHERE r.network_id = kept.network_id AND r.address = kept.address
                   AND (r.node, r.container_id) <> (other.node, other.container_id);
            ELSE
                UPDATE reservations r
                   SET node = '', container_id = '', expires_at = clock_timestamp() + kept.sticky_ttl
                 WHERE r.network_id = kept.network_id AND r.address = kept.address;
            END IF;
        END LOOP;
    END IF;
    command := set_config('rowhouse.command', around, true);
END $$;
COMMENT ON FUNCTION detach_many_v1 IS
    'CNI DEL of many calls at once: ends the attachments of each sandbox''s interface and releases what nobody uses any more.';

CREATE FUNCTION detach_v1(wanted_cluster text, wanted_container_id text, wanted_interface text, reason text,
                          only_node text DEFAULT NULL)
RETURNS TABLE (network_id integer, address inet, released boolean)
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    SELECT d.network_id, d.address, d.released
      FROM rowhouse.detach_many_v1(ARRAY[wanted_cluster], ARRAY[wanted_container_id], ARRAY[wanted_interface],
                                   ARRAY[only_node], reason) AS d;
END;
COMMENT ON FUNCTION detach_v1 IS 'CNI DEL: ends the attachments of one sandbox''s interface and releases what nobody uses any more.';

CREATE FUNCTION available_v1(networks text[], cidrs cidr[], pool_names text[], segment_ranges integer[],
                             segment_firsts inet[], segment_lasts inet[])
RETURNS TABLE (ordinal integer, cidr cidr, available boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_sort = off
SET enable_bitmapscan = off
AS $$
-- For CNI STATUS: which ranges could give out an address now. A pool that does not exist yet is wholly free.
#variable_conflict use_column
DECLARE
    pool   pools;
    firsts inet[];
    lasts  inet[];
BEGIN
    FOR range_no IN 1 .. coalesce(cardinality(cidrs), 0) LOOP
        ordinal := range_no;
        IF pool_names[ordinal] IS NULL THEN
            SELECT * INTO pool FROM pools p WHERE p.network_name = networks[ordinal] AND p.cidr = cidrs[ordinal];
            firsts := ARRAY(SELECT segment_firsts[i] FROM generate_subscripts(segment_ranges, 1) AS i
                             WHERE segment_ranges[i] = ordinal ORDER BY i);
            lasts := ARRAY(SELECT segment_lasts[i] FROM generate_subscripts(segment_ranges, 1) AS i
                            WHERE segment_ranges[i] = ordinal ORDER BY i);
            IF pool.window_first IS NOT NULL OR pool.window_last IS NOT NULL THEN
                SELECT s.firsts, s.lasts INTO firsts, lasts FROM clip_segments(pool.window_first, pool.window_last, firsts, lasts) s;
            END IF;
            available := pool.id IS NULL;
        ELSE
            SELECT * INTO pool FROM pools p WHERE p.name = pool_names[ordinal];
            IF NOT FOUND THEN
                RAISE EXCEPTION 'there is no pool named "%"', pool_names[ordinal]
                    USING ERRCODE = 'RH103', DETAIL = ordinal,
                          HINT = 'Make it by `rowhouse pool create CIDR --name`; `rowhouse pool list` shows those that are there.';
            END IF;
            SELECT array_agg(w.first_address ORDER BY w.first_address), array_agg(w.last_address ORDER BY w.first_address)
              INTO firsts, lasts FROM pool_window(pool) w;
            available := false;
        END IF;
        cidr := coalesce(pool.cidr, cidrs[ordinal]);
        available := available OR NOT pool.drained AND free_or_due(pool.network_id, firsts, lasts);
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION available_v1 IS 'CNI STATUS: which ranges could give out an address now.';
