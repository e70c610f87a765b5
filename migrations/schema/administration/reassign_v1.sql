CREATE FUNCTION reassign_v1(actor text, request_id text, wanted_network integer, wanted inet,
                            kind owner_kind, cluster text, namespace text, name text, interface text,
                            force boolean DEFAULT false)
RETURNS SETOF reservations
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Gives a reservation to another owner; the history shows both. It becomes a manual one, and stays until it is released.
-- If a sandbox uses it, this needs force, and ends its attachments: the sandbox's DEL then changes nothing.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    held    reservations;
    made    reservations;
    used    attachments;
    slot_no integer;
BEGIN
    PERFORM act_as(actor, request_id);
    SELECT * INTO held FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'address % is not reserved', host(wanted)
            USING ERRCODE = error_code('not_found'), HINT = '`rowhouse explain` shows its state.';
    END IF;
    SELECT * INTO used FROM attachments a WHERE a.network_id = wanted_network AND a.address = wanted LIMIT 1;
    IF FOUND AND NOT force THEN
        RAISE EXCEPTION 'address % is in use by sandbox % on node %', host(wanted), used.container_id, used.node
            USING ERRCODE = error_code('in_the_way'),
                  HINT = 'A running pod would keep using it. Delete the pod, or pass `force` if the sandbox is gone.';
    END IF;
    PERFORM record_attachments(wanted_network, wanted);
    DELETE FROM attachments a WHERE a.network_id = wanted_network AND a.address = wanted;
    SELECT coalesce(max(r.slot) + 1, 0) INTO slot_no FROM reservations r
     WHERE r.owner_namespace = namespace AND r.owner_name = name AND r.pool_id = held.pool_id
       AND r.owner_interface = interface AND r.owner_cluster = cluster;
    UPDATE reservations r
       SET owner_kind = kind, owner_cluster = cluster, owner_namespace = namespace, owner_name = name,
           owner_interface = interface, owner_uid = NULL, slot = slot_no, node = '', container_id = '',
           policy_source = 'operator', sticky = true, sticky_ttl = NULL, expires_at = NULL
     WHERE r.network_id = wanted_network AND r.address = wanted
    RETURNING r.* INTO made;
    PERFORM check_quotas(made.owner_namespace, made.pool_id);
    PERFORM record_change('reservation.reassign', host(wanted), to_jsonb(held), to_jsonb(made));
    RETURN NEXT made;
END $$;
COMMENT ON FUNCTION reassign_v1 IS 'Gives a reservation to another owner.';
