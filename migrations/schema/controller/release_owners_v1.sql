CREATE FUNCTION release_owners_v1(actor text, of_cluster text, kinds owner_kind[], namespaces text[], names text[],
                                  object_kinds text[], object_names text[], object_uids text[])
RETURNS TABLE (ordinal integer, address inet)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Releases the addresses of owners whose objects are gone, except those that a sandbox uses and those that an operator
-- reserved; an event for each owner says so. Leaves an owner that has another object meanwhile. ordinal: the position of
-- the owner in the arrays, from 1.
#variable_conflict use_column
DECLARE
    command text := coalesce(current_setting('rowhouse.command', true), '');
    gone    integer[];
    owner   record;
BEGIN
    PERFORM act_as(actor, ''), set_config('rowhouse.command', 'RECONCILE', true);
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    -- Locked in the order of attach_v2() and renew_owners_v1(), and before the statement that looks for attachments.
    gone := ARRAY(
        SELECT asked.number FROM (
            SELECT owner.number FROM owner_objects o
              JOIN unnest(kinds, namespaces, names, object_kinds, object_names, object_uids) WITH ORDINALITY
                     AS owner (kind, namespace, name, object_kind, object_name, object_uid, number)
                ON o.owner_kind = owner.kind AND o.namespace = owner.namespace AND o.name = owner.name
               AND o.object_kind = owner.object_kind AND o.object_name = owner.object_name
               AND o.object_uid IS NOT DISTINCT FROM owner.object_uid
             WHERE o.cluster = of_cluster
             ORDER BY o.owner_kind, o.namespace, o.name FOR UPDATE OF o) AS asked);
    PERFORM FROM reservations r JOIN unnest(gone) AS g (number)
                   ON r.owner_namespace = namespaces[g.number] AND r.owner_name = names[g.number] AND r.owner_kind = kinds[g.number]
      WHERE r.owner_cluster = of_cluster
      ORDER BY r.network_id, r.address FOR UPDATE OF r;
    FOR owner IN
        WITH released AS (
            DELETE FROM reservations r USING unnest(gone) AS g (number)
             WHERE r.owner_namespace = namespaces[g.number] AND r.owner_name = names[g.number] AND r.owner_kind = kinds[g.number]
               AND r.owner_cluster = of_cluster AND r.policy_source = 'nad'
               AND NOT EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address)
            RETURNING g.number, r.address::inet AS address)
        SELECT d.number, array_agg(d.address) AS addresses FROM released d GROUP BY d.number ORDER BY d.number
    LOOP
        PERFORM note_released('OwnerGone', of_cluster, namespaces[owner.number], names[owner.number], owner.addresses,
                              format('%s %s is gone', object_kinds[owner.number], object_names[owner.number]));
        RETURN QUERY SELECT owner.number, freed.address FROM unnest(owner.addresses) AS freed (address);
    END LOOP;
    DELETE FROM owner_objects o USING unnest(gone) AS g (number)
     WHERE o.cluster = of_cluster AND o.owner_kind = kinds[g.number] AND o.namespace = namespaces[g.number]
       AND o.name = names[g.number]
       AND NOT EXISTS (SELECT FROM reservations r
                        WHERE r.owner_namespace = o.namespace AND r.owner_name = o.name AND r.owner_kind = o.owner_kind
                          AND r.owner_cluster = of_cluster AND r.policy_source = 'nad');
    PERFORM set_config('rowhouse.command', command, true);
END $$;
COMMENT ON FUNCTION release_owners_v1 IS 'Releases the unused addresses of owners whose Kubernetes objects are gone.';
