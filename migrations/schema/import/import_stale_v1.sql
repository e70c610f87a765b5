CREATE FUNCTION import_stale_v1(
    actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr,
    addresses inet[], namespaces text[], names text[], listed_at timestamptz)
RETURNS TABLE (address inet, namespace text, name text, interface text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Before an import of running pods: other owners of their addresses in this database. A restored database may still have
-- pods that have ended since. Leaves out sticky and manual reservations, and everything reserved or attached since the
-- pods were listed.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'IMPORT', true);
    stale   inet[];
    space   integer;
BEGIN
    PERFORM act_as(actor, request_id);
    SELECT p.network_id INTO space FROM pools p WHERE p.network_name = wanted_network AND p.cidr = wanted;
    stale := ARRAY(
        SELECT r.address::inet FROM unnest(addresses, namespaces, names) AS running (address, namespace, name)
         CROSS JOIN LATERAL (SELECT * FROM reservations one
                              WHERE one.network_id = space AND one.address = running.address LIMIT 1 FOR UPDATE) AS r
         WHERE r.owner_kind = 'pod' AND r.owner_cluster = of_cluster AND NOT r.sticky AND r.policy_source = 'nad'
           AND (r.owner_namespace, r.owner_name) <> (running.namespace, running.name) AND r.reserved_at < listed_at
           AND NOT EXISTS (SELECT FROM attachments a
                            WHERE a.network_id = r.network_id AND a.address = r.address AND a.attached_at >= listed_at));
    RETURN QUERY
        SELECT r.address::inet, r.owner_namespace, r.owner_name, r.owner_interface FROM unnest(stale) AS s (address)
         CROSS JOIN LATERAL (SELECT * FROM reservations one
                              WHERE one.network_id = space AND one.address = s.address LIMIT 1) AS r;
    IF NOT only_look THEN
        DELETE FROM reservations r USING unnest(stale) AS s (address) WHERE r.network_id = space AND r.address = s.address;
    END IF;
END $$;
COMMENT ON FUNCTION import_stale_v1 IS 'Import of running pods: releases addresses of running pods that the database assigns to ended ones.';
