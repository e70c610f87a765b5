CREATE FUNCTION edit_v1(actor text, request_id text, wanted_network integer, wanted inet, new_description text,
                        changes_ttl boolean, new_ttl interval, new_labels jsonb DEFAULT NULL,
                        label_changes jsonb DEFAULT NULL)
RETURNS SETOF reservations
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Changes what an operator may change of a reservation while its owner keeps it: the description and the labels (NULL: as
-- they are), and with changes_ttl how long it stays without a sandbox (NULL: until it is released). It is then a manual reservation.
-- label_changes sets single labels, or removes them (null); the others stay, so two callers do not undo each other.
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    held    reservations;
    made    reservations;
BEGIN
    PERFORM act_as(actor, request_id);
    SELECT * INTO held FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'address % is not reserved', host(wanted)
            USING ERRCODE = error_code('not_found'), HINT = '`rowhouse explain` shows its state.';
    END IF;
    made := held;
    made.description := coalesce(new_description, held.description);
    made.labels := nullif(jsonb_strip_nulls(coalesce(new_labels, held.labels, '{}') || coalesce(label_changes, '{}')), '{}');
    IF (SELECT count(*) FROM jsonb_object_keys(made.labels)) > 64 THEN
        RAISE EXCEPTION 'the reservation of % would have more than 64 labels', host(wanted)
            USING ERRCODE = error_code('in_the_way'), HINT = 'Remove labels that it no longer needs.';
    END IF;
    IF changes_ttl THEN
        made.policy_source := 'operator';
        made.sticky := true;
        made.sticky_ttl := new_ttl;
        made.expires_at := CASE WHEN NOT EXISTS (SELECT FROM attachments a
                                                  WHERE a.network_id = wanted_network AND a.address = wanted)
                                THEN clock_timestamp() + new_ttl END;
    END IF;
    IF made IS DISTINCT FROM held THEN
        UPDATE reservations r
           SET description = made.description, policy_source = made.policy_source, sticky = made.sticky,
               sticky_ttl = made.sticky_ttl, expires_at = made.expires_at, labels = made.labels
         WHERE r.network_id = wanted_network AND r.address = wanted;
        PERFORM record_change('reservation.update', host(wanted), to_jsonb(held), to_jsonb(made));
    END IF;
    RETURN NEXT made;
END $$;
COMMENT ON FUNCTION edit_v1 IS 'Changes the description and the labels of a reservation, and how long it stays without a sandbox.';
