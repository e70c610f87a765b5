-- What the mirror asks and says. It runs in the controller, on a connection of its own.

CREATE FUNCTION mirror_on_v1(of_cluster text, in_namespace text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '250ms' -- who comes after us waits as long
AS $$
-- A cluster's changes are noted from now on. Everything must be looked at afterwards.
BEGIN
    INSERT INTO mirrors AS m (cluster, namespace) VALUES (of_cluster, in_namespace)
        ON CONFLICT (cluster) DO UPDATE SET namespace = excluded.namespace WHERE m.namespace <> excluded.namespace;
    PERFORM switch_mirror_triggers();
END $$;
COMMENT ON FUNCTION mirror_on_v1 IS 'Notes changes for the mirror of a cluster from now on.';

CREATE FUNCTION mirror_off_v1(of_cluster text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '250ms'
AS $$
-- A cluster's changes are not noted any more; whether they were. Its objects stay as they are.
DECLARE
    was_on boolean;
BEGIN
    DELETE FROM mirrors WHERE cluster = of_cluster;
    was_on := FOUND;
    IF was_on THEN
        PERFORM switch_mirror_triggers();
        DELETE FROM mirror_changes WHERE cluster = of_cluster;
    END IF;
    RETURN was_on;
END $$;
COMMENT ON FUNCTION mirror_off_v1 IS 'Notes no changes for the mirror of a cluster any more.';

CREATE FUNCTION mirror_changes_v1(of_cluster text) RETURNS TABLE (pool_id integer, age interval)
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    -- Takes a cluster's marks away. Whoever relies on one of them is among mirror_writers_v1() of a later moment.
    DELETE FROM mirror_changes AS c WHERE c.cluster = of_cluster RETURNING c.pool_id, clock_timestamp() - c.made_at;
END;
COMMENT ON FUNCTION mirror_changes_v1 IS 'Takes the marks of changed pools away from the outbox.';

CREATE FUNCTION mirror_writers_v1() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    -- Transactions under way that may have written what is mirrored. A lock is there from before a transaction's first
    -- look at the outbox until after its commit can be seen.
    SELECT DISTINCT l.virtualtransaction FROM pg_locks l
     WHERE l.locktype = 'relation' AND l.granted
       AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
       AND l.relation IN ('rowhouse.reservations'::regclass, 'rowhouse.pools'::regclass, 'rowhouse.node_slices'::regclass)
       AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock');
END;
COMMENT ON FUNCTION mirror_writers_v1 IS 'The transactions under way that may have written what is mirrored.';

CREATE FUNCTION mirror_again_v1(of_cluster text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Asks the mirror of a cluster to look at everything.
BEGIN
    INSERT INTO mirror_changes (cluster, pool_id) SELECT m.cluster, 0 FROM mirrors m WHERE m.cluster = of_cluster;
    NOTIFY rowhouse_mirror;
END $$;
COMMENT ON FUNCTION mirror_again_v1 IS 'Asks the mirror of a cluster to look at everything.';

CREATE FUNCTION mirror_report_v1(of_cluster text, report jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    UPDATE mirrors AS m SET report = mirror_report_v1.report, reported_at = clock_timestamp() WHERE m.cluster = of_cluster;
END;
COMMENT ON FUNCTION mirror_report_v1 IS 'Keeps what the mirror of a cluster says of itself.';

CREATE FUNCTION mirrored_pools_v1()
RETURNS TABLE (pool_id integer, network text, cidr cidr, isolated boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    SELECT p.id, p.network_name, p.cidr, n.isolated IS NOT NULL
      FROM pools p JOIN networks n ON n.id = p.network_id ORDER BY p.id;
END;
COMMENT ON FUNCTION mirrored_pools_v1 IS 'All pools; isolated: its addresses are unique in the pool alone.';

CREATE FUNCTION mirrored_slices_v1(of_cluster text)
RETURNS TABLE (pool_id integer, node text, slice cidr)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    SELECT s.pool_id, s.node, s.slice FROM node_slices s WHERE s.cluster = of_cluster ORDER BY s.pool_id, s.slice;
END;
COMMENT ON FUNCTION mirrored_slices_v1 IS 'The slices of a cluster''s nodes.';

CREATE FUNCTION mirrored_addresses_v1(of_pool integer, of_cluster text, after_address inet, at_most integer)
RETURNS TABLE (address inet, own boolean, container_id text, namespace text, pod text, interface text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
AS $$
-- A page of the addresses in use of a pool, in their order. own: a pod of this cluster holds it; others are held by a pod
-- of another cluster, or by no pod at all.
#variable_conflict use_column
DECLARE
    pool pools;
BEGIN
    SELECT * INTO pool FROM pools p WHERE p.id = of_pool;
    IF FOUND THEN
        RETURN QUERY
            SELECT r.address::inet, r.owner_kind = 'pod' AND r.owner_cluster = of_cluster, r.container_id,
                   r.owner_namespace, r.owner_name, r.owner_interface
              FROM reservations r
             WHERE r.network_id = pool.network_id AND r.address BETWEEN first_address(pool.cidr) AND last_address(pool.cidr)
               -- ("0.0.0.0/0" comes before every address)
               AND r.address > coalesce(after_address, inet '0.0.0.0/0') AND r.pool_id = of_pool
             ORDER BY r.address LIMIT at_most;
    END IF;
END $$;
COMMENT ON FUNCTION mirrored_addresses_v1 IS 'A page of the addresses in use of a pool, for the mirror of a cluster.';

CREATE FUNCTION mirror_unknown_v1(of_network text, addresses inet[], holders text[])
RETURNS TABLE (address inet, holder text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    -- Of pairs of an address and a pod ("namespace/name", '' is anybody), those that the history does not have.
    SELECT a, h FROM unnest(addresses, holders) AS pair (a, h)
     WHERE NOT EXISTS (
           SELECT FROM tenures t JOIN networks n ON n.id = t.network_id
            WHERE t.address = a AND n.name = of_network AND h IN ('', t.owner_namespace || '/' || t.owner_name));
END;
COMMENT ON FUNCTION mirror_unknown_v1 IS 'Of pairs of an address and a pod, those that never were in the history.';

CREATE FUNCTION serves_code_of(revision text) RETURNS boolean
LANGUAGE sql STABLE
-- From the oldest one that finds what it calls, to this schema's own. A revision that breaks with old code makes this anew.
RETURN revision BETWEEN '0001' AND (SELECT v.version_num FROM rowhouse.alembic_version v);
COMMENT ON FUNCTION serves_code_of(text) IS 'Whether code that was written for a revision may work on this schema, during a roll-out.';
