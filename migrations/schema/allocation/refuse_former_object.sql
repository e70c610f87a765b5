CREATE FUNCTION refuse_former_object(
    of_cluster text, of_kind owner_kind, of_namespace text, of_name text, new_kind text, new_name text, new_uid text)
RETURNS void
LANGUAGE plpgsql AS $$
-- The object of an owner was deleted and created again under its name. The controller releases what belonged to the former
-- object: it compares the uid with the API server's own list, but the caller's may be older. The caller has locked the row.
DECLARE
    used text;
BEGIN
    IF EXISTS (SELECT FROM reservations r
                WHERE r.owner_namespace = of_namespace AND r.owner_name = of_name AND r.owner_kind = of_kind
                  AND r.owner_cluster = of_cluster AND r.policy_source = 'nad') THEN
        SELECT format('pod "%s" on node "%s" still uses %s', a.pod_name, a.node, host(a.address)) INTO used
          FROM reservations r JOIN attachments a ON a.network_id = r.network_id AND a.address = r.address
         WHERE r.owner_namespace = of_namespace AND r.owner_name = of_name AND r.owner_kind = of_kind
           AND r.owner_cluster = of_cluster AND r.policy_source = 'nad' LIMIT 1;
        RAISE EXCEPTION '% %/% was deleted and created again, and the addresses of the former one are not released yet%',
            new_kind, of_namespace, new_name, coalesce(': ' || used, '')
            USING ERRCODE = error_code('try_again'),
                  HINT = 'The controller releases them within 20 seconds of the end of their last pod. The runtime repeats the call.';
    END IF;
    UPDATE owner_objects o SET object_kind = new_kind, object_name = new_name, object_uid = new_uid
     WHERE o.cluster = of_cluster AND o.owner_kind = of_kind AND o.namespace = of_namespace AND o.name = of_name;
END $$;
COMMENT ON FUNCTION refuse_former_object IS 'Raises try_again while addresses of a former Kubernetes object of the same name are held.';
