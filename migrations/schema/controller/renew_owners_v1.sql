CREATE FUNCTION renew_owners_v1(actor text, of_cluster text, kinds owner_kind[], namespaces text[], names text[], exist boolean)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- exist: the objects of these owners exist, so their addresses do not expire. Otherwise the controller cannot know: an
-- address that no sandbox uses expires after its sticky_ttl, counted from now. Returns how many addresses changed.
#variable_conflict use_column
DECLARE
    command text := coalesce(current_setting('rowhouse.command', true), '');
    changed integer;
BEGIN
    PERFORM act_as(actor, ''), set_config('rowhouse.command', 'RECONCILE', true);
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    -- Locked in the order of attach_v2(), and before the statements that look for attachments and reservations.
    PERFORM FROM owner_objects o JOIN unnest(kinds, namespaces, names) AS owner (kind, namespace, name)
                   ON o.owner_kind = owner.kind AND o.namespace = owner.namespace AND o.name = owner.name
      WHERE o.cluster = of_cluster
      ORDER BY o.owner_kind, o.namespace, o.name FOR UPDATE OF o;
    PERFORM FROM reservations r JOIN unnest(kinds, namespaces, names) AS owner (kind, namespace, name)
                   ON r.owner_namespace = owner.namespace AND r.owner_name = owner.name AND r.owner_kind = owner.kind
      WHERE r.owner_cluster = of_cluster
      ORDER BY r.network_id, r.address FOR UPDATE OF r;
    UPDATE reservations r
       SET expires_at = CASE WHEN NOT exist THEN clock_timestamp() + r.sticky_ttl END
      FROM unnest(kinds, namespaces, names) AS owner (kind, namespace, name)
     WHERE r.owner_namespace = owner.namespace AND r.owner_name = owner.name AND r.owner_kind = owner.kind
       AND r.owner_cluster = of_cluster AND r.policy_source = 'nad' AND r.sticky_ttl IS NOT NULL
       AND (r.expires_at IS NULL) = NOT exist
       AND NOT EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address);
    GET DIAGNOSTICS changed = ROW_COUNT;
    DELETE FROM owner_objects o USING unnest(kinds, namespaces, names) AS owner (kind, namespace, name)
     WHERE o.cluster = of_cluster AND o.owner_kind = owner.kind AND o.namespace = owner.namespace AND o.name = owner.name
       AND NOT EXISTS (SELECT FROM reservations r
                        WHERE r.owner_namespace = o.namespace AND r.owner_name = o.name AND r.owner_kind = o.owner_kind
                          AND r.owner_cluster = of_cluster);
    PERFORM set_config('rowhouse.command', command, true);
    RETURN changed;
END $$;
COMMENT ON FUNCTION renew_owners_v1 IS 'Stops or starts the expiry of unused addresses whose owners a Kubernetes object keeps.';
