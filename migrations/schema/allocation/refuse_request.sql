CREATE FUNCTION refuse_request(wanted_pool integer, wanted inet, firsts inet[], lasts inet[], range_no integer,
                               cluster text, namespace text, name text, interface text)
RETURNS void
LANGUAGE plpgsql AS $$
-- Raises the reason why a requested address cannot be assigned. Returns if it can be assigned now, or if the same
-- owner has just got it.
DECLARE
    pool    pools;
    holder  reservations;
    held_by text;
BEGIN
    SELECT * INTO pool FROM pools WHERE id = wanted_pool;
    IF is_withheld(pool.network_id, wanted) AND NOT is_on_request(pool.network_id, wanted)
       AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted) THEN
        PERFORM refuse_withheld(pool.network_id, wanted, range_no);
    END IF;
    IF NOT coalesce((SELECT bool_or(wanted BETWEEN f AND l) FROM unnest(firsts, lasts) AS s (f, l)), false) THEN
        RAISE EXCEPTION 'requested address % is outside the window of pool %', host(wanted), pool.cidr
            USING ERRCODE = error_code('address_outside_ranges'), DETAIL = range_no,
                  HINT = 'Request an address inside the window, or widen the window.';
    END IF;
    LOOP
        SELECT * INTO holder FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted;
        EXIT WHEN await_due(pool.network_id, ARRAY[wanted], ARRAY[wanted]);
        EXIT WHEN (holder.pool_id, holder.owner_cluster, holder.owner_namespace, holder.owner_name, holder.owner_interface)
                = (wanted_pool, cluster, namespace, name, interface);
        IF holder.address IS NOT NULL THEN
            held_by := concat_ws('/', nullif(holder.owner_namespace, ''), holder.owner_name)
                || CASE WHEN holder.owner_cluster <> coalesce(cluster, '') AND holder.owner_cluster <> ''
                        THEN ' of cluster "' || holder.owner_cluster || '"' ELSE '' END;
            RAISE EXCEPTION 'requested address % is in use by %', host(wanted), held_by
                USING ERRCODE = error_code('address_taken'),
                      DETAIL = jsonb_build_object('range', range_no, 'held_by', held_by,
                                                  'owners', jsonb_build_array(jsonb_build_array(holder.owner_cluster, holder.owner_namespace)),
                                                  'message', 'requested address ' || host(wanted) || ' is in use'
                                                             || CASE WHEN holder.owner_namespace NOT IN ('', namespace) THEN ' in another namespace' ELSE '' END),
                      HINT = 'Request another address, or have its owner release it. Operators see the owner: `rowhouse explain ' || host(wanted) || '`.';
        END IF;
        IF NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted) THEN
            IF is_on_request(pool.network_id, wanted) THEN
                EXIT WHEN NOT EXISTS (SELECT FROM free_ranges f
                                       WHERE f.network_id = pool.network_id AND f.quarantined AND f.last = wanted);
            ELSIF is_withheld(pool.network_id, wanted) THEN
                PERFORM refuse_withheld(pool.network_id, wanted, range_no);
            END IF;
            RAISE EXCEPTION 'requested address % is in quarantine', host(wanted)
                USING ERRCODE = error_code('address_taken'), DETAIL = range_no,
                      HINT = 'Request another address; `rowhouse explain` shows when this one is free.';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION refuse_request IS 'Raises the reason why a requested address cannot be assigned.';
