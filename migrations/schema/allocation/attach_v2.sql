-- Errors: as attach_v1, and address_taken if the owner may have one sandbox only and has another one.

CREATE FUNCTION attach_v2(
    kind owner_kind, owner_name text, owner_interface text, object_kind text, object_name text,
    cluster text, node text, container_id text, interface text, cni_network text,
    namespace text, pod text, uid text, is_sticky boolean, ttl interval,
    networks text[], cidrs cidr[], pool_names text[], isolated boolean[], requested inet[], slots integer[],
    slice_sizes integer[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[], strict boolean,
    max_wait integer DEFAULT 3000, gateway_ranges integer[] DEFAULT '{}', gateway_addresses inet[] DEFAULT '{}',
    reuse_delay interval DEFAULT NULL, bound_node text DEFAULT NULL, placement text DEFAULT 'ask',
    mac macaddr DEFAULT NULL, candidate_ranges integer[] DEFAULT '{}', may_share boolean DEFAULT false,
    object_uid text DEFAULT NULL, candidate_names text[] DEFAULT '{}',
    object_observed boolean DEFAULT false)
RETURNS SETOF attached_address
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_sort = off
SET enable_bitmapscan = off
AS $$
-- candidate_ranges: the ordinals of ranges whose segments are candidates, any of which will do; for a pool by name, the
-- address must be in its window as well. candidate_names: of ranges for requests that limit these segments.
--
-- may_share: a claim may have several sandboxes at once: those of a virtual machine, which migrates.
--
-- For owners that outlive a pod, and for pods whose call attach_v1 does not know all of. object_kind and object_name: the
-- Kubernetes object whose existence keeps the address; NULL: none, so the address stays until it expires or is released.
-- object_uid: an object of another uid does not inherit its addresses; NULL: its name alone counts. object_observed: it comes
-- from a watch, which may be late. That will do for a new owner; another sandbox of a known one is refused with
-- unconfirmed_object, for its addresses may belong to a former object. The caller reads the object, and repeats the call.
#variable_conflict use_variable
DECLARE
    settings text[] := ARRAY[coalesce(current_setting('rowhouse.command', true), ''),
                             set_config('rowhouse.command', 'ADD', true),
                             set_config('lock_timeout', max_wait::text, true),
                             current_setting('rowhouse.careful', true)];
    command  text;
    choice   record; -- of choose_run()
    the_tenure bigint;
    is_usual boolean;
    is_known boolean := false;
BEGIN
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    IF object_kind IS NOT NULL THEN
        -- First, because it locks the row: release_owners_v1() and renew_owners_v1() then see this call's reservations.
        PERFORM FROM owner_objects o
          WHERE o.cluster = attach_v2.cluster AND o.owner_kind = kind AND o.namespace = attach_v2.namespace AND o.name = owner_name
            AND o.object_kind = attach_v2.object_kind AND o.object_name = attach_v2.object_name
            AND (o.object_uid = attach_v2.object_uid OR attach_v2.object_uid IS NULL)
            FOR UPDATE;
        is_known := FOUND;
        IF NOT is_known THEN
            INSERT INTO owner_objects AS o (cluster, owner_kind, namespace, name, object_kind, object_name, object_uid)
            VALUES (cluster, kind, namespace, owner_name, object_kind, object_name, object_uid)
            ON CONFLICT ON CONSTRAINT owner_objects_pkey DO UPDATE
               SET object_kind = excluded.object_kind, object_name = excluded.object_name,
                   object_uid = coalesce(excluded.object_uid, o.object_uid)
             WHERE o.object_uid = excluded.object_uid OR o.object_uid IS NULL OR excluded.object_uid IS NULL;
            is_known := NOT FOUND;
            IF is_known AND NOT object_observed THEN
                PERFORM refuse_former_object(cluster, kind, namespace, owner_name, object_kind, object_name, object_uid);
            END IF;
        END IF;
    END IF;

    -- The first address of an owner, from one range of a plain pool, as in attach_v1().
    is_usual := NOT (is_known AND object_observed) AND settings[4] IS DISTINCT FROM 'on' AND kind <> 'pod' AND cardinality(cidrs) = 1 AND NOT strict
                AND cardinality(segment_firsts) = 1 AND candidate_ranges = '{}' AND slots[1] = 0 AND requested[1] IS NULL
                AND pool_names[1] IS NULL AND slice_sizes[1] IS NULL AND (reuse_delay = '0') IS NOT false;
    IF is_usual AND cardinality(gateway_addresses) > 0 THEN
        is_usual := knows_gateways(cni_network, networks[1], cidrs[1], gateway_addresses);
    END IF;
    IF is_usual THEN
        SELECT p.pool_id, p.network_id, run.address::host_address AS address, run.run_first, run.run_last, run.run_row INTO choice
          FROM plain_pools p, LATERAL choose_run(p.network_id, segment_firsts[1], segment_lasts[1], segment_lasts[1]) AS run
         WHERE p.network_name = networks[1] AND p.cidr = cidrs[1] AND (NOT p.isolated OR attach_v2.isolated[1])
           AND NOT EXISTS (SELECT FROM reservations r
                            WHERE r.owner_namespace = namespace AND r.owner_name = attach_v2.owner_name
                              AND r.owner_interface = attach_v2.owner_interface AND r.owner_cluster = cluster AND r.owner_kind = kind)
           AND run.step = 1 AND run.free_from <= clock_timestamp()
           AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = p.network_id AND r.expires_at <= now()
                            ORDER BY r.expires_at LIMIT 1);
        is_usual := FOUND;
    END IF;
    IF is_usual THEN
        the_tenure := nextval('tenures_id_seq');
        INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name,
                             owner_interface, owner_uid, node, container_id, mac, started_by, start_reason)
        VALUES (the_tenure, choice.network_id, choice.address, choice.pool_id, tstzrange(clock_timestamp(), NULL), kind,
                cluster, namespace, owner_name, owner_interface, uid, node, container_id, mac, current_actor(), 'ADD');
        INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_cluster, owner_namespace, owner_name,
                                  owner_interface, owner_uid, slot, sticky, sticky_ttl, reuse_delay, node, container_id, tenure_id)
        VALUES (choice.network_id, choice.address, choice.pool_id, kind, cluster, namespace, owner_name, owner_interface,
                uid, 0, is_sticky, ttl, reuse_delay, node, container_id, the_tenure)
        ON CONFLICT DO NOTHING;
        is_usual := FOUND;
        IF NOT is_usual THEN
            DELETE FROM tenures t WHERE t.id = the_tenure;
        END IF;
    END IF;
    IF is_usual THEN
        INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid, pod_name, mac)
        VALUES (cluster, container_id, interface, choice.network_id, choice.address, node, cni_network, uid, pod, mac);
        IF choice.address = choice.run_first AND choice.address < choice.run_last THEN
            UPDATE free_ranges f SET first = choice.address + 1 WHERE f.ctid = choice.run_row; -- it is locked, so it is still there
        ELSIF choice.address = choice.run_first THEN
            DELETE FROM free_ranges f WHERE f.ctid = choice.run_row;
        ELSE
            PERFORM take_run(choice.network_id, choice.address, choice.address);
        END IF;
        RETURN NEXT (1, networks[1], cidrs[1], choice.address, NULL, true, NULL)::attached_address;
    ELSE
        IF is_known AND object_observed
           AND NOT EXISTS (SELECT FROM attachments a
                            WHERE a.cluster = attach_v2.cluster AND a.container_id = attach_v2.container_id
                              AND a.interface = attach_v2.interface) THEN
            RAISE EXCEPTION '% %/% must be read again before another sandbox uses its addresses', object_kind, namespace, object_name
                USING ERRCODE = error_code('unconfirmed_object'), HINT = 'The server reads it, and repeats the call.';
        END IF;
        RETURN QUERY SELECT * FROM attach_owner(
            kind, cluster, namespace, owner_name, owner_interface, node, container_id, interface, cni_network,
            CASE WHEN kind = 'pod' THEN '' ELSE pod END, uid, is_sticky, ttl,
            networks, cidrs, pool_names, isolated, requested, slots, slice_sizes, segment_ranges, segment_firsts, segment_lasts,
            strict, gateway_ranges, gateway_addresses, reuse_delay, bound_node, placement, mac, candidate_ranges, may_share,
            candidate_names);
    END IF;
    command := set_config('rowhouse.command', settings[1], true);
END $$;
COMMENT ON FUNCTION attach_v2 IS 'CNI ADD for an owner of any kind, with a requested MAC address or candidates: one address from each range, all or nothing.';
