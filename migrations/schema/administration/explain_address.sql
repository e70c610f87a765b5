CREATE FUNCTION explain_address(wanted_network text, wanted inet, of_space integer DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Why an address is assigned or not: its state, and what in the database makes it so. The pool that explains it is its
-- reservation's own, or else the smallest that holds it. What one pool's window leaves out another may assign.
-- of_space: the id of one of the networks of this name, where isolated pools have several.
DECLARE
    pool     pools;
    giver    pools;
    held     current_reservations;
    run      free_ranges;
    keeper   owner_objects;
    earlier  address_history;
    facts    jsonb := jsonb_build_object('network', wanted_network, 'address', host(wanted));
BEGIN
    wanted := set_masklen(wanted, CASE family(wanted) WHEN 4 THEN 32 ELSE 128 END);
    SELECT p.* INTO pool FROM pools p
      LEFT JOIN reservations r ON r.network_id = p.network_id AND r.address = wanted
     WHERE p.network_name = wanted_network AND p.cidr >>= wanted AND p.network_id = coalesce(of_space, p.network_id)
     ORDER BY coalesce(r.pool_id = p.id, false) DESC, r.pool_id IS NOT NULL DESC, masklen(p.cidr) DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN facts || jsonb_build_object('state', 'unknown', 'because', 'no pool of this network holds the address');
    END IF;
    SELECT p.* INTO giver FROM pools p
     WHERE p.network_id = pool.network_id AND p.cidr >>= wanted
       AND EXISTS (SELECT FROM pool_window(p) w WHERE wanted BETWEEN w.first_address AND w.last_address)
     ORDER BY p.drained, p.id = pool.id DESC, masklen(p.cidr) DESC LIMIT 1;
    facts := facts || jsonb_build_object('pool', pool.cidr, 'pool_name', pool.name, 'drained', pool.drained,
        'is_gateway', EXISTS (SELECT FROM gateways g WHERE g.network_id = pool.network_id AND g.address = wanted),
        'in_window', EXISTS (SELECT FROM pool_window(pool) w WHERE wanted BETWEEN w.first_address AND w.last_address));
    SELECT * INTO earlier FROM address_history h
     WHERE h.network_id = pool.network_id AND h.address = wanted AND h.held_until IS NOT NULL
     ORDER BY h.held_from DESC LIMIT 1;
    IF FOUND THEN
        facts := facts || jsonb_build_object('last_owner', earlier.namespace || '/' || earlier.name,
            'last_released', earlier.held_until, 'last_end_reason', earlier.end_reason);
    END IF;
    SELECT * INTO held FROM current_reservations c WHERE c.network_id = pool.network_id AND c.address = wanted;
    IF FOUND THEN
        SELECT * INTO keeper FROM owner_objects o
         WHERE o.cluster = held.cluster AND o.owner_kind = held.owner_kind AND o.namespace = held.namespace AND o.name = held.name;
        RETURN facts || jsonb_build_object('state', CASE WHEN held.attachments > 0 THEN 'in use' ELSE 'reserved' END,
            'because', concat(CASE WHEN held.attachments > 0 THEN concat('sandbox ', coalesce(nullif(held.container_id, ''), '(not known yet)'), ' on node ',
                                               coalesce(nullif(held.node, ''), '(not known yet)'), ' uses it')
                                   WHEN keeper.object_name IS NOT NULL AND held.expires_at IS NULL
                                   THEN concat('kept while ', keeper.object_kind, ' ', held.namespace, '/', keeper.object_name, ' exists')
                                   WHEN held.expires_at IS NOT NULL THEN 'kept for its owner until ' || held.expires_at
                                   ELSE 'kept for its owner until it is released' END,
                              '; it is also ' || why_withheld(pool.network_id, wanted)),
            'owner', held.namespace || '/' || held.name, 'owner_kind', held.owner_kind, 'interface', held.interface, 'cluster', held.cluster, 'since', held.reserved_at,
            'description', held.description, 'mac', held.mac);
    END IF;
    IF is_on_request(pool.network_id, wanted)
       AND NOT EXISTS (SELECT FROM free_ranges f
                        WHERE f.network_id = pool.network_id AND f.quarantined AND f.last = wanted) THEN
        RETURN facts || jsonb_build_object('state', 'on request',
            'because', 'assigned only to a call that requests it: it is ' || why_withheld(pool.network_id, wanted));
    END IF;
    IF is_withheld(pool.network_id, wanted) AND NOT is_on_request(pool.network_id, wanted) THEN
        RETURN facts || jsonb_build_object('state', CASE WHEN EXISTS (SELECT FROM exclusions e WHERE e.network_id = pool.network_id AND e.first <= wanted AND e.last >= wanted
                                                                              AND NOT e.requests_only) THEN 'excluded' ELSE 'gateway' END,
            'because', 'never assigned: it is ' || why_withheld(pool.network_id, wanted));
    END IF;
    IF giver.id IS NULL THEN
        RETURN facts || jsonb_build_object('state', 'outside', 'because',
            CASE WHEN wanted < first_usable(pool.cidr)
                 THEN 'never assigned: it is the network address of the pool (unless the network configuration has use_all)'
                 WHEN wanted > last_usable(pool.cidr)
                 THEN 'never assigned: it is the ' || CASE family(wanted) WHEN 4 THEN 'broadcast' ELSE 'last' END
                      || ' address of the pool (unless the network configuration has use_all)'
                 ELSE 'never assigned: it is outside the window of the pool' END);
    END IF;
    SELECT * INTO run FROM free_ranges f
     WHERE f.network_id = pool.network_id AND f.first <= wanted AND f.last >= wanted LIMIT 1;
    IF run.quarantined THEN
        RETURN facts || jsonb_build_object('state', 'quarantined', 'because', 'released; reused from ' || run.free_from || ' on');
    END IF;
    RETURN facts || jsonb_build_object('state', 'free', 'because',
        CASE WHEN giver.drained THEN 'free, but the pool is drained'
             WHEN giver.id <> pool.id AND (facts->>'in_window')::boolean
             THEN 'free; pool ' || pool.cidr || ' is drained, assigned by pool ' || giver.cidr
             WHEN giver.id <> pool.id THEN 'free; outside the window of pool ' || pool.cidr || ', assigned by pool ' || giver.cidr
             ELSE (SELECT CASE count(*) WHEN 0 THEN 'free; no free range of the pool comes before it'
                                        WHEN 1 THEN 'free; 1 free range of the pool comes before it'
                                        ELSE 'free; ' || count(*) || ' free ranges of the pool come before it' END
                     FROM free_ranges f
                    WHERE f.network_id = pool.network_id AND NOT f.quarantined AND f.last < wanted
                      AND f.last >= first_address(pool.cidr)
                      AND EXISTS (SELECT FROM pool_window(pool) w WHERE f.last >= w.first_address AND f.first <= w.last_address)) END);
END $$;
COMMENT ON FUNCTION explain_address(text, inet, integer) IS 'Why an address is assigned or not.';
