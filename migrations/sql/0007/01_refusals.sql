-- ADDs that were refused since there was nothing left to give, kept until the controller has made events of them.
-- A server writes here some time after it answered, many in one statement, and never on the path of a call.

CREATE TABLE refusals (
    cluster   text NOT NULL,
    namespace text NOT NULL,
    pod       text NOT NULL,
    interface text NOT NULL,
    node      text NOT NULL,
    pod_uid   text,
    message   text NOT NULL,
    reason    text NOT NULL DEFAULT 'NoAddress',
    times     bigint NOT NULL,
    first_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (cluster, namespace, pod, interface, reason)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE refusals IS 'ADDs refused since there was nothing left to give, until the controller has made events of them.';
COMMENT ON COLUMN refusals.reason IS 'NoAddress, or why there is a warning though the pod has its address.';
COMMENT ON COLUMN refusals.times IS 'How often the runtime asked in vain.';
CREATE TRIGGER refusals_truncate AFTER TRUNCATE ON refusals EXECUTE FUNCTION record_truncate();

CREATE FUNCTION note_refusals_v1(clusters text[], namespaces text[], pods text[], interfaces text[], nodes text[],
                                 uids text[], messages text[], counts bigint[], reasons text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '1s'
AS $$
BEGIN
    -- In one order, so that two servers do not wait for each other.
    INSERT INTO refusals AS r (cluster, namespace, pod, interface, node, pod_uid, message, times, reason)
    SELECT n.* FROM unnest(clusters, namespaces, pods, interfaces, nodes, uids, messages, counts, reasons)
                 AS n (cluster, namespace, pod, interface, node, pod_uid, message, times, reason)
     ORDER BY n.cluster, n.namespace, n.pod, n.interface, n.reason
    ON CONFLICT (cluster, namespace, pod, interface, reason) DO UPDATE
       SET node = excluded.node, pod_uid = excluded.pod_uid, message = excluded.message,
           times = r.times + excluded.times, last_at = clock_timestamp();
    -- Nobody may be there to make events of them.
    DELETE FROM refusals WHERE last_at < clock_timestamp() - interval '1 hour';
END $$;
COMMENT ON FUNCTION note_refusals_v1 IS 'Keeps refused ADDs for the controller; those that are an hour old go.';

CREATE FUNCTION take_refusals_v1(of_cluster text, at_most integer) RETURNS SETOF refusals
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    DELETE FROM refusals AS r WHERE (r.cluster, r.namespace, r.pod, r.interface, r.reason) IN (
        SELECT w.cluster, w.namespace, w.pod, w.interface, w.reason FROM refusals w
         WHERE w.cluster = of_cluster ORDER BY w.namespace, w.pod, w.interface, w.reason LIMIT at_most FOR UPDATE SKIP LOCKED)
    RETURNING r.*;
END;
COMMENT ON FUNCTION take_refusals_v1 IS 'Takes refused ADDs of a cluster, to make events of them.';

CREATE FUNCTION gateway_in_use() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A pod that runs with the address of a router is told of: it goes on using the address until its DEL.
BEGIN
    PERFORM note_refusals_v1(array_agg(a.cluster), array_agg(r.owner_namespace), array_agg(r.owner_name), array_agg(a.interface),
                             array_agg(a.node), array_agg(coalesce(a.pod_uid, r.owner_uid)),
                             array_agg(concat('address ', host(NEW.address), ' of interface ', a.interface, ' is now ',
                                              why_withheld(NEW.network_id, NEW.address),
                                              ': recreate the pod, which then gets another address, or correct the gateway')),
                             array_agg(1::bigint), array_agg('AddressIsGateway'::text))
       FROM (SELECT DISTINCT ON (a.cluster, a.interface) a.* FROM attachments a
              WHERE a.network_id = NEW.network_id AND a.address = NEW.address
              ORDER BY a.cluster, a.interface, a.attached_at DESC) AS a
       JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address AND r.owner_kind = 'pod'
     HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER gateways_in_use AFTER INSERT ON gateways FOR EACH ROW EXECUTE FUNCTION gateway_in_use();

DO $$
BEGIN
    REVOKE ALL ON FUNCTION note_refusals_v1, take_refusals_v1, gateway_in_use FROM PUBLIC;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_server') THEN
        GRANT SELECT ON refusals TO rowhouse_server;
        GRANT EXECUTE ON FUNCTION note_refusals_v1, take_refusals_v1 TO rowhouse_server;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_owner') THEN
        GRANT ALL ON refusals TO rowhouse_owner;
        GRANT ALL ON FUNCTION note_refusals_v1, take_refusals_v1, gateway_in_use TO rowhouse_owner;
    END IF;
END $$;
