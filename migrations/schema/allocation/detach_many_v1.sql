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
-- The planner does not know the number of calls: use one index look-up for each.
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Ends the attachments of sandboxes' interfaces. The end of the last attachment releases the reservation, unless it is
-- sticky. A call that finds nothing succeeds. An attachment of another node than only_nodes stays, because a
-- container id is not a secret and must not release the address of another node's pod.
#variable_conflict use_column
DECLARE
    -- Not a SET clause: only a superuser may name a parameter of our own there. (And no PERFORM, which is a statement.)
    settings text[] := ARRAY[coalesce(current_setting('rowhouse.command', true), ''),
                             set_config('rowhouse.command', reason, true),
                             set_config('lock_timeout', max_wait::text, true)];
    command text;
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
        -- The reservation is locked first, so that no other call can decide whether this was its last attachment.
        FOR held IN
            SELECT r.network_id, r.address, r.owner_kind
              FROM attachments a JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
             WHERE a.cluster = clusters[n] AND a.container_id = container_ids[n] AND a.interface = interfaces[n]
               AND a.node = coalesce(only_nodes[n], a.node)
               AND (only_uids[n] IS NULL OR coalesce(a.pod_uid, r.owner_uid) = only_uids[n])
             ORDER BY a.network_id, a.address FOR UPDATE OF r
        LOOP
            IF held.owner_kind <> 'pod' THEN
                PERFORM record_attachments(held.network_id, held.address, clusters[n], container_ids[n], interfaces[n], only_nodes[n]);
            END IF;
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
    IF cardinality(used) = 1 THEN
        -- The usual case for one address: as for many below, at two thirds of the cost.
        ordinal := gone[1];
        network_id := spaces[1];
        address := used[1];
        DELETE FROM reservations r
         WHERE r.network_id = spaces[1] AND r.address = used[1] AND r.owner_kind = 'pod' AND NOT r.sticky
           AND NOT EXISTS (SELECT FROM attachments a WHERE a.network_id = spaces[1] AND a.address = used[1]);
        released := FOUND;
        RETURN NEXT;
    ELSIF used IS NOT NULL THEN
        -- The usual case, once for all: no other sandbox uses the address, and it is not kept. (Both arrays
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
    END IF;
    IF used IS NOT NULL AND released IS NOT true THEN
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
    command := set_config('rowhouse.command', settings[1], true);
END $$;
COMMENT ON FUNCTION detach_many_v1 IS
    'CNI DEL of many calls at once: ends the attachments of each sandbox''s interface, and releases addresses that no other sandbox uses.';
