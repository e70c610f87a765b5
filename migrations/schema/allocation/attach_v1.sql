-- Errors: pool_exhausted (also: every slice is assigned), address_taken, address_outside_ranges, quota_exceeded,
-- invalid_config (no such pool), attached_elsewhere (verify where the pod runs; if that was done: try again),
-- isolated_pool (the pool must join the shared space first), not_allowed (the sandbox belongs to another node), try_again
-- (new addresses are held back until the running pods have been read). DETAIL holds the ordinal of the range.

CREATE FUNCTION attach_v1(
    cluster text, node text, container_id text, interface text, cni_network text,
    namespace text, pod text, uid text, is_sticky boolean, ttl interval,
    networks text[], cidrs cidr[], pool_names text[], isolated boolean[], requested inet[], slots integer[],
    slice_sizes integer[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[], strict boolean,
    max_wait integer DEFAULT 3000, gateway_ranges integer[] DEFAULT '{}', gateway_addresses inet[] DEFAULT '{}',
    reuse_delay interval DEFAULT NULL, bound_node text DEFAULT NULL, placement text DEFAULT 'ask')
RETURNS SETOF attached_address
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s' -- max_wait, below; what the caller has set is there again afterwards
-- Statistics of a table that was just empty must not lead a hot query off its index. Before PostgreSQL 18, a disabled
-- plan node adds 1e10 to the cost. With JIT, this alone would have the plan compiled, in hundreds of milliseconds.
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_sort = off
SET enable_bitmapscan = off
AS $$
-- Few statements on purpose: starting one costs as much as an index look-up.
--
-- bound_node is the node that the caller's token is for; NULL: it may act for every node. If the owner is attached on
-- another node, placement says what is known about the pod: 'ask': nothing yet (error attached_elsewhere); 'join': it runs
-- on the caller's node; 'avoid': that could not be verified, so addresses of the other node are not touched.
--
-- rival is the node and uid of another pod that also uses the address, and started recently: two clusters without
-- names may have pods of the same name.
#variable_conflict use_column
<<result>>
DECLARE
    address  inet;
    -- Not a SET clause: only a superuser may name a parameter of our own there. (One expression for all, see is_careful()
    -- for the last: each that reads or writes a setting takes a snapshot.) max_wait is milliseconds, for each lock.
    settings text[] := ARRAY[coalesce(current_setting('rowhouse.command', true), ''),
                             set_config('rowhouse.command', 'ADD', true),
                             set_config('lock_timeout', max_wait::text, true),
                             current_setting('rowhouse.careful', true)];
    command  text;
    choice   record; -- of choose_run()
    the_tenure bigint;
    low      inet;
    high     inet;
    is_usual boolean;
BEGIN
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;

    -- 0. The usual call in three statements: one range of a plain pool, and the first unlocked run ends within the
    -- range. All other calls continue below, and so do calls that find no such run, or whose owner already holds an
    -- address of the pool (a unique constraint detects this).
    -- (Nothing in the first condition that depends on the database: evaluating it would take a snapshot of its own.)
    is_usual := settings[4] IS DISTINCT FROM 'on' AND cardinality(cidrs) = 1 AND NOT strict AND cardinality(segment_firsts) = 1
                AND slots[1] = 0 AND requested[1] IS NULL AND pool_names[1] IS NULL AND slice_sizes[1] IS NULL AND (reuse_delay = '0') IS NOT false;
    IF is_usual AND cardinality(gateway_addresses) > 0 THEN
        is_usual := knows_gateways(attach_v1.cni_network, networks[1], cidrs[1], gateway_addresses);
    END IF;
    IF is_usual THEN
        low := segment_firsts[1];
        high := segment_lasts[1];
        SELECT p.pool_id, p.network_id, run.address::host_address AS address, run.run_first, run.run_last, run.run_row INTO choice
          FROM plain_pools p, LATERAL choose_run(p.network_id, low, high, high) AS run
         WHERE p.network_name = networks[1] AND p.cidr = cidrs[1] AND (NOT p.isolated OR attach_v1.isolated[1])
           AND run.step = 1 AND run.free_from <= clock_timestamp()
           AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = p.network_id AND r.expires_at <= now()
                            ORDER BY r.expires_at LIMIT 1);
        IF FOUND THEN
            -- It does itself what reservation_made() does for every other INSERT, which finds the tenure open. (Statements
            -- of their own: as parts of one statement, each would pass its row through two more plan nodes. The address
            -- is a host_address already, so that its rule is checked once.)
            the_tenure := nextval('tenures_id_seq');
            INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                                 owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
            VALUES (the_tenure, choice.network_id, choice.address, choice.pool_id, tstzrange(clock_timestamp(), NULL), 'pod',
                    cluster, namespace, pod, interface, uid, node, container_id, current_actor(), 'ADD');
            INSERT INTO reservations (network_id, address, pool_id, owner_cluster, owner_namespace, owner_name, owner_interface,
                                      owner_uid, slot, sticky, sticky_ttl, reuse_delay, node, container_id, tenure_id)
            VALUES (choice.network_id, choice.address, choice.pool_id, cluster, namespace, pod, interface,
                    uid, slots[1], is_sticky, ttl, attach_v1.reuse_delay, node, container_id, the_tenure)
            ON CONFLICT DO NOTHING;
            IF FOUND THEN
                INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
                VALUES (cluster, container_id, interface, choice.network_id, choice.address, node, cni_network, uid);
                address := choice.address;
                IF address = choice.run_first AND address < choice.run_last THEN
                    UPDATE free_ranges f SET first = address + 1 WHERE f.ctid = choice.run_row; -- it is locked, so it is still there
                ELSIF address = choice.run_first THEN
                    DELETE FROM free_ranges f WHERE f.ctid = choice.run_row;
                ELSE
                    PERFORM take_run(choice.network_id, address, address);
                END IF;
                RETURN NEXT (1, networks[1], cidrs[1], address, NULL, true, NULL)::attached_address;
                command := set_config('rowhouse.command', settings[1], true);
                RETURN;
            END IF;
            DELETE FROM tenures t WHERE t.id = the_tenure;
        END IF;
    END IF;

    RETURN QUERY SELECT * FROM attach_owner(
        'pod', cluster, namespace, pod, interface, node, container_id, interface, cni_network, '', uid, is_sticky, ttl,
        networks, cidrs, pool_names, isolated, requested, slots, slice_sizes, segment_ranges, segment_firsts, segment_lasts,
        strict, gateway_ranges, gateway_addresses, reuse_delay, bound_node, placement);
    command := set_config('rowhouse.command', settings[1], true);
END $$;
COMMENT ON FUNCTION attach_v1 IS 'CNI ADD: one address from each range for one interface of a pod, all or nothing.';
