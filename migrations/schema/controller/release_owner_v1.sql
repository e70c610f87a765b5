CREATE FUNCTION release_owner_v1(actor text, of_cluster text, of_kind owner_kind, of_namespace text, of_name text,
                                 of_object_kind text, of_object_name text)
RETURNS TABLE (network_id integer, address inet)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- Releases the addresses of an owner whose object is gone, except those that a sandbox uses and those that an operator
-- reserved. Does nothing if the owner has another object meanwhile.
#variable_conflict use_column
DECLARE
    command text := coalesce(current_setting('rowhouse.command', true), '');
BEGIN
    PERFORM act_as(actor, ''), set_config('rowhouse.command', 'RECONCILE', true);
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    -- Locked in the order of attach_v2(), and before the statement that looks for attachments.
    PERFORM FROM owner_objects o
      WHERE o.cluster = of_cluster AND o.owner_kind = of_kind AND o.namespace = of_namespace AND o.name = of_name
        AND o.object_kind = of_object_kind AND o.object_name = of_object_name
        FOR UPDATE;
    IF FOUND THEN
        PERFORM FROM reservations r
          WHERE r.owner_namespace = of_namespace AND r.owner_name = of_name AND r.owner_kind = of_kind
            AND r.owner_cluster = of_cluster
          ORDER BY r.network_id, r.address FOR UPDATE;
        RETURN QUERY
            DELETE FROM reservations r
             WHERE r.owner_namespace = of_namespace AND r.owner_name = of_name AND r.owner_kind = of_kind
               AND r.owner_cluster = of_cluster AND r.policy_source = 'nad'
               AND NOT EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address)
            RETURNING r.network_id, r.address::inet;
        DELETE FROM owner_objects o
         WHERE o.cluster = of_cluster AND o.owner_kind = of_kind AND o.namespace = of_namespace AND o.name = of_name
           AND NOT EXISTS (SELECT FROM reservations r
                            WHERE r.owner_namespace = of_namespace AND r.owner_name = of_name AND r.owner_kind = of_kind
                              AND r.owner_cluster = of_cluster AND r.policy_source = 'nad');
    END IF;
    PERFORM set_config('rowhouse.command', command, true);
END $$;
COMMENT ON FUNCTION release_owner_v1 IS 'Releases the unused addresses of an owner whose Kubernetes object is gone.';
