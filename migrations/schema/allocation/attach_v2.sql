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
    object_uid text DEFAULT NULL)
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
-- address must be in its window as well.
--
-- may_share: a claim may have several sandboxes at once: those of a virtual machine, which migrates.
--
-- For owners that outlive a pod, and for pods whose call attach_v1 does not know all of. object_kind and object_name: the
-- Kubernetes object whose existence keeps the address; NULL: none, so the address stays until it expires or is released.
-- object_uid: an object of another uid does not inherit its addresses; NULL: its name alone counts.
#variable_conflict use_variable
DECLARE
    settings text[] := ARRAY[coalesce(current_setting('rowhouse.command', true), ''),
                             set_config('rowhouse.command', 'ADD', true),
                             set_config('lock_timeout', max_wait::text, true)];
    command  text;
BEGIN
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    IF object_kind IS NOT NULL THEN
        -- First, because it locks the row: release_owners_v1() and renew_owners_v1() then see this call's reservations.
        INSERT INTO owner_objects AS o (cluster, owner_kind, namespace, name, object_kind, object_name, object_uid)
        VALUES (cluster, kind, namespace, owner_name, object_kind, object_name, object_uid)
        ON CONFLICT ON CONSTRAINT owner_objects_pkey DO UPDATE
           SET object_kind = excluded.object_kind, object_name = excluded.object_name,
               object_uid = coalesce(excluded.object_uid, o.object_uid)
         WHERE o.object_uid = excluded.object_uid OR o.object_uid IS NULL OR excluded.object_uid IS NULL;
        IF NOT FOUND THEN
            PERFORM refuse_former_object(cluster, kind, namespace, owner_name, object_kind, object_name, object_uid);
        END IF;
    END IF;
    RETURN QUERY SELECT * FROM attach_owner(
        kind, cluster, namespace, owner_name, owner_interface, node, container_id, interface, cni_network,
        CASE WHEN kind = 'pod' THEN '' ELSE pod END, uid, is_sticky, ttl,
        networks, cidrs, pool_names, isolated, requested, slots, slice_sizes, segment_ranges, segment_firsts, segment_lasts,
        strict, gateway_ranges, gateway_addresses, reuse_delay, bound_node, placement, mac, candidate_ranges, may_share);
    command := set_config('rowhouse.command', settings[1], true);
END $$;
COMMENT ON FUNCTION attach_v2 IS 'CNI ADD for an owner of any kind, with a requested MAC address or candidates: one address from each range, all or nothing.';
