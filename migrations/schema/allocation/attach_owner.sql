-- Errors: as attach_v1, and address_taken if the owner may have one sandbox only and has another one.

CREATE FUNCTION attach_owner(
    kind owner_kind, cluster text, namespace text, holder text, holder_interface text,
    node text, container_id text, interface text, cni_network text, pod text, uid text, is_sticky boolean, ttl interval,
    networks text[], cidrs cidr[], pool_names text[], isolated boolean[], requested inet[], slots integer[],
    slice_sizes integer[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[], strict boolean,
    gateway_ranges integer[], gateway_addresses inet[], reuse_delay interval, bound_node text, placement text,
    mac macaddr DEFAULT NULL, candidate_ranges integer[] DEFAULT '{}', may_share boolean DEFAULT false,
    candidate_names text[] DEFAULT '{}')
RETURNS SETOF attached_address
LANGUAGE plpgsql
AS $$
-- The part of an ADD that serves every call, called by attach_v1 and attach_v2. holder and holder_interface name the owner;
-- interface is that of the sandbox, and pod its pod ('': the pod is the owner). mac: the one that the runtime requested.
#variable_conflict use_column
<<result>>
DECLARE
    ordinal  integer;
    network_name text;
    cidr     cidr;
    address  inet;
    gateway  inet;
    created  boolean;
    rival    text;
    single   boolean;
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
    is_shunned boolean;
    elsewhere text;
    taken    text[];
    spaces   integer[];
    used     inet[];
    is_unnoted boolean;
    unnoted  text[];
BEGIN
    single := cardinality(cidrs) = 1;
    owner := owner_key(cluster, namespace, holder, holder_interface);
    taken := '{}';
    spaces := '{}';
    used := '{}';
    unnoted := '{}';

    IF bound_node IS NOT NULL THEN
        SELECT a.node INTO elsewhere FROM attachments a
         WHERE a.cluster = attach_owner.cluster AND a.container_id = attach_owner.container_id
           AND a.interface = attach_owner.interface AND a.node NOT IN ('', bound_node) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'sandbox % belongs to node "%", but the token is for node "%"',
                attach_owner.container_id, elsewhere, bound_node
                USING ERRCODE = error_code('not_allowed'), HINT = 'A node''s token is valid only for sandboxes of its own node.';
        END IF;
    END IF;

    IF cardinality(gateway_addresses) > 0 THEN
        PERFORM learn_gateways(attach_owner.cni_network, networks, cidrs, pool_names, isolated, gateway_ranges, gateway_addresses);
    END IF;

    -- All calls take their ranges in one order, so that no two wait for each other.
    FOREACH ordinal IN ARRAY CASE WHEN single THEN '{1}'::integer[]
                                  ELSE ARRAY(SELECT i FROM generate_subscripts(cidrs, 1) AS i
                                              ORDER BY networks[i], pool_names[i], cidrs[i], i) END LOOP
        IF pool_names[ordinal] IS NOT NULL THEN
            SELECT p.network_name, p.cidr, p.gateway, n.alias_since IS NOT NULL
                   AND (n.last_used_at IS NULL OR n.last_used_at < now() - interval '1 minute')
              INTO network_name, cidr, gateway, is_unnoted
              FROM pool_names n JOIN pools p ON p.id = n.pool_id WHERE n.name = pool_names[ordinal];
            IF NOT FOUND THEN
                RAISE EXCEPTION 'there is no pool named "%"', pool_names[ordinal]
                    USING ERRCODE = error_code('invalid_config'), DETAIL = ordinal,
                          HINT = 'Create it with `rowhouse pool create CIDR --name`; `rowhouse pool list` shows the existing pools.';
            END IF;
            networks[ordinal] := network_name;
            cidrs[ordinal] := cidr;
            IF is_unnoted THEN
                unnoted := unnoted || pool_names[ordinal];
            END IF;
        ELSE
            gateway := NULL;
        END IF;
        is_shunned := false;
        rival := NULL;
        rounds := 0;

        LOOP
            -- An endless search would keep its locks, so let the caller repeat the call.
            rounds := rounds + 1;
            IF rounds > 1000 THEN
                RAISE EXCEPTION 'pool % changed 1000 times during the search for an address', cidrs[ordinal] USING ERRCODE = '40001';
            END IF;
            -- 1. The pool, and whether a reservation or a quarantine has expired.
            SELECT p.id, p.network_id, p.network_name, p.cidr, p.drained, p.window_first, p.window_last,
                   p.isolated AND NOT attach_owner.isolated[ordinal] AND pool_names[ordinal] IS NULL,
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
                PERFORM ensure_pool(networks[ordinal], cidrs[ordinal], attach_owner.isolated[ordinal]);
                CONTINUE;
            END IF;
            IF is_alone THEN
                RAISE EXCEPTION 'pool % is isolated, but this configuration shares its addresses', cidr
                    USING ERRCODE = error_code('isolated_pool'), DETAIL = ordinal;
            END IF;

            IF pool_names[ordinal] IS NOT NULL THEN
                SELECT array_agg(w.first_address ORDER BY w.first_address), array_agg(w.last_address ORDER BY w.first_address)
                  INTO firsts, lasts FROM pools p, pool_window(p) w WHERE p.id = the_pool;
                IF ordinal = ANY (candidate_ranges) AND candidate_names = '{}' THEN
                    SELECT array_agg(greatest(w.first, c.first) ORDER BY c.first), array_agg(least(w.last, c.last) ORDER BY c.first)
                      INTO firsts, lasts
                      FROM unnest(firsts, lasts) AS w (first, last)
                      JOIN unnest(segment_ranges, segment_firsts, segment_lasts) AS c (range_no, first, last)
                        ON c.range_no = ordinal AND c.first <= w.last AND c.last >= w.first;
                END IF;
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
                -- An operator's window also holds for NADs that spell the range.
                SELECT s.firsts, s.lasts INTO firsts, lasts FROM clip_segments(low, high, firsts, lasts) s;
            END IF;

            -- 2. An address that this sandbox or its owner already holds.
            IF kind <> 'pod' THEN
                held := held_by_lasting_owner(kind, the_pool, space, cluster, namespace, holder, holder_interface, requested[ordinal],
                                              slots[ordinal], (SELECT max(s) FROM unnest(slots) AS s), firsts, lasts, networks, cidrs,
                                              taken);
                is_own := false;
            ELSE
                held := held_by_sandbox(the_pool, cluster, namespace, holder, container_id, interface, bound_node, requested[ordinal],
                                        slots[ordinal], CASE WHEN strict THEN '{}' ELSE taken END);
                is_own := held IS NOT NULL;
            END IF;
            IF held IS NULL AND NOT is_shunned AND kind = 'pod' THEN
                held := held_by_owner(the_pool, cluster, namespace, holder, interface, requested[ordinal], slots[ordinal],
                                      (SELECT max(s) FROM unnest(slots) AS s), CASE WHEN strict THEN '{}' ELSE taken END);
                IF held IS NULL AND NOT strict THEN
                    held := held_in_other_range(space, cluster, namespace, holder, interface, requested[ordinal], firsts, lasts,
                                                networks, cidrs, taken);
                END IF;
            END IF;
            IF held IS NOT NULL THEN
                SELECT r.address, r.sticky OR r.policy_source = 'operator',
                       (r.node, r.container_id, r.owner_uid, r.expires_at, r.pool_id) IS DISTINCT FROM
                       (attach_owner.node, attach_owner.container_id, uid, NULL::timestamptz, the_pool)
                  INTO address, is_kept, changed FROM reservations r
                 WHERE r.network_id = space AND r.address = held AND r.owner_kind = kind
                   AND r.owner_namespace = namespace AND r.owner_name = holder AND r.owner_interface = holder_interface
                   AND r.owner_cluster = cluster FOR UPDATE;
                created := NOT FOUND;
                CONTINUE WHEN created;
                IF kind IN ('workload', 'claim') AND NOT may_share THEN
                    PERFORM refuse_second_sandbox(space, held, kind, namespace, holder, container_id, node, uid, ordinal);
                END IF;
                -- (An address of this sandbox was checked when it was attached.)
                IF bound_node IS NOT NULL AND NOT is_own AND placement <> 'join' THEN
                    SELECT a.node INTO elsewhere FROM attachments a
                     WHERE a.network_id = space AND a.address = held AND a.node <> bound_node LIMIT 1;
                    IF FOUND THEN
                        IF placement = 'ask' THEN
                            RAISE EXCEPTION 'address % of % %/% is attached on node "%"', host(held), replace(kind::text, '_', ' '), namespace, holder, elsewhere
                                USING ERRCODE = error_code('attached_elsewhere'), DETAIL = ordinal;
                        ELSIF is_kept OR requested[ordinal] IS NOT NULL THEN
                            RAISE EXCEPTION 'address % of % %/% is still attached on node "%", and it could not be verified that the pod runs on node "%"',
                                host(held), replace(kind::text, '_', ' '), namespace, holder, elsewhere, bound_node
                                USING ERRCODE = error_code('attached_elsewhere'), DETAIL = ordinal,
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
                RAISE EXCEPTION 'pool % is drained and assigns no new addresses', cidr
                    USING ERRCODE = error_code('pool_exhausted'), DETAIL = ordinal, HINT = '`rowhouse pool undrain` lets it assign addresses again.';
            END IF;
            IF is_due THEN
                PERFORM release_expired(space, 1000);
                PERFORM end_quarantines(space, 1000);
            END IF;

            IF ordinal = ANY (candidate_ranges) AND firsts IS NULL THEN
                RAISE EXCEPTION 'no candidate is inside the window of pool %', cidr
                    USING ERRCODE = error_code('address_outside_ranges'), DETAIL = ordinal,
                          HINT = 'Name candidates inside the window, or widen the window.';
            END IF;
            IF ordinal = ANY (candidate_ranges) AND candidate_names <> '{}' THEN
                SELECT s.firsts, s.lasts INTO firsts, lasts FROM in_named_ranges(space, cidr, candidate_names, ordinal, firsts, lasts) s;
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
                -- 3a. The requested address, if it can be assigned.
                -- (Without an interface, an owner of another kind with the same name does not count as the same owner.)
                PERFORM refuse_request(the_pool, requested[ordinal], firsts, lasts, ordinal, cluster, namespace, holder,
                                       CASE WHEN NOT EXISTS (SELECT FROM reservations r
                                                              WHERE r.network_id = space AND r.address = requested[ordinal]
                                                                AND r.owner_kind <> kind) THEN holder_interface END);
                IF space || ' ' || host(requested[ordinal]) = ANY (taken) THEN
                    RAISE EXCEPTION 'requested address % was assigned to another range of this call', host(requested[ordinal])
                        USING ERRCODE = error_code('address_taken'), DETAIL = ordinal,
                              HINT = 'Request another address, or remove one of the ranges.';
                END IF;
                -- Its run is locked before its reservation is created, in the same order as by all callers.
                -- (An address for requests only is in no run: the primary key of reservations decides.)
                address := CASE WHEN is_on_request(space, requested[ordinal]) THEN requested[ordinal]
                                ELSE (claim_addresses(space, ARRAY[requested[ordinal]], ARRAY[requested[ordinal]], 1))[1] END;
                CONTINUE WHEN address IS NULL;
                SELECT coalesce(max(r.slot) + 1, slot_no) INTO slot_no FROM reservations r
                 WHERE r.owner_namespace = namespace AND r.owner_name = holder AND r.pool_id = the_pool
                   AND r.owner_interface = holder_interface AND r.owner_cluster = cluster AND r.owner_kind = kind;
            ELSE
                -- 3b. A free address.
                address := (claim_addresses(space, firsts, lasts, 1))[1];
                IF ordinal = ANY (candidate_ranges) THEN
                    -- They are requests, so they may be in a range for requests only.
                    own := first_on_request(space, firsts, lasts);
                    IF own < address OR address IS NULL THEN
                        address := own;
                    END IF;
                END IF;
                IF strict AND kind = 'pod' THEN
                    -- As upstream, an address that this pod holds in an overlapping range counts as free.
                    SELECT min(r.address) INTO own FROM reservations r
                     WHERE r.owner_namespace = namespace AND r.owner_name = holder AND r.owner_cluster = cluster
                       AND r.owner_kind = kind AND r.network_id = space AND r.pool_id <> the_pool
                       AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (f, l) WHERE r.address BETWEEN f AND l);
                    IF (own < address OR address IS NULL) AND bound_node IS NOT NULL AND placement <> 'join' THEN
                        -- Only the configuration selects strict mode, so it must not affect addresses of another node.
                        SELECT a.node INTO elsewhere FROM attachments a
                         WHERE a.network_id = space AND a.address = own AND a.node <> bound_node LIMIT 1;
                        IF FOUND AND placement = 'ask' THEN
                            RAISE EXCEPTION 'address % of pod %/% is attached on node "%"', host(own), namespace, holder, elsewhere
                                USING ERRCODE = error_code('attached_elsewhere'), DETAIL = ordinal;
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
                    -- A concurrent call of the same pod got the last address.
                    CONTINUE WHEN EXISTS (SELECT FROM reservations r
                                           WHERE r.owner_namespace = namespace AND r.owner_name = holder AND r.pool_id = the_pool
                                             AND r.owner_interface = holder_interface AND r.owner_cluster = cluster
                                             AND r.owner_kind = kind AND r.slot = slots[ordinal]
                                             AND r.network_id || ' ' || host(r.address) <> ALL (taken)) AND NOT is_shunned;
                    -- 4. No address; the whole call is rolled back.
                    IF ordinal = ANY (candidate_ranges) THEN
                        PERFORM refuse_candidates(space, firsts, lasts, ordinal);
                    END IF;
                    PERFORM refuse_exhausted(space, cidr, firsts, lasts, ordinal);
                END IF;
                SELECT CASE WHEN bool_or(r.slot = slots[ordinal]) THEN max(r.slot) + 1 ELSE slots[ordinal] END
                  INTO slot_no FROM reservations r
                 WHERE r.owner_namespace = namespace AND r.owner_name = holder AND r.pool_id = the_pool
                   AND r.owner_interface = holder_interface AND r.owner_cluster = cluster AND r.owner_kind = kind
                   AND (is_shunned OR taken <> '{}');
                slot_no := coalesce(slot_no, slots[ordinal]);
            END IF;
            WITH made AS (
                INSERT INTO reservations AS r (network_id, address, pool_id, owner_kind, owner_cluster, owner_namespace, owner_name,
                                               owner_interface, owner_uid, slot, sticky, sticky_ttl, reuse_delay, node, container_id)
                VALUES (space, address, the_pool, kind, cluster, namespace, holder, holder_interface, uid, slot_no, is_sticky, ttl,
                        attach_owner.reuse_delay, node, container_id)
                ON CONFLICT DO NOTHING
                RETURNING r.network_id, r.address),
            used AS (
                INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid, pod_name,
                                         mac)
                SELECT cluster, container_id, interface, made.network_id, made.address, node, cni_network, uid, pod,
                       attach_owner.mac
                  FROM made)
            SELECT made.address INTO held FROM made;
            EXIT WHEN FOUND;
            PERFORM withdraw_reserved(space, address);
            -- Another call of the same owner was faster, or the requested address was taken meanwhile: look again.
        END LOOP;

        IF NOT created THEN
            IF changed THEN
                UPDATE reservations r
                   SET node = attach_owner.node, container_id = attach_owner.container_id, owner_uid = uid, expires_at = NULL,
                       pool_id = the_pool,
                       slot = CASE WHEN r.pool_id = the_pool THEN r.slot
                                   ELSE (SELECT coalesce(max(o.slot) + 1, slots[ordinal]) FROM reservations o
                                          WHERE o.owner_namespace = namespace AND o.owner_name = holder AND o.pool_id = the_pool
                                            -- (In strict mode the reservation may be of another interface.)
                                            AND o.owner_interface = r.owner_interface AND o.owner_cluster = cluster) END
                 WHERE r.network_id = space AND r.address = result.address;
            END IF;
            INSERT INTO attachments AS a (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid, pod_name, mac)
            VALUES (cluster, container_id, interface, space, address, node, cni_network, uid, pod, attach_owner.mac)
            ON CONFLICT (cluster, container_id, interface, network_id, address) DO UPDATE
               SET node = excluded.node, pod_uid = coalesce(excluded.pod_uid, a.pod_uid), cni_network = excluded.cni_network,
                   mac = coalesce(excluded.mac, a.mac)
             WHERE (a.node, a.cni_network) <> (excluded.node, excluded.cni_network) OR a.pod_uid IS NULL
                OR a.mac IS DISTINCT FROM coalesce(excluded.mac, a.mac);
            SELECT 'node "' || a.node || '", uid ' || a.pod_uid INTO rival FROM attachments a
             WHERE kind = 'pod' AND a.network_id = space AND a.address = result.address AND a.pod_uid <> uid AND a.node <> attach_owner.node
               AND a.attached_at > clock_timestamp() - interval '10 minutes' LIMIT 1;
            spaces := spaces || space;
            used := used || address;
        END IF;
        IF mac IS NOT NULL THEN
            UPDATE tenures t SET mac = attach_owner.mac FROM reservations r
             WHERE r.network_id = space AND r.address = result.address AND t.id = r.tenure_id
               AND t.mac IS DISTINCT FROM attach_owner.mac;
        END IF;
        taken := taken || (space || ' ' || host(address));
        RETURN NEXT (ordinal, network_name, cidr, address, gateway, created, rival)::attached_address;
    END LOOP;
    IF used <> '{}' AND uid IS NOT NULL THEN
        PERFORM end_replaced_sandboxes(cluster, interface, node, uid, container_id, spaces, used);
    END IF;
    IF unnoted <> '{}' THEN
        PERFORM note_alias_use(unnoted);
    END IF;
END $$;
COMMENT ON FUNCTION attach_owner IS 'The general path of an ADD: one address from each range for an owner of any kind, all or nothing.';
