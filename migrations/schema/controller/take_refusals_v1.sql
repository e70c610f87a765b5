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
