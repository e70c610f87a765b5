CREATE FUNCTION take_allocation_failures_v1(of_cluster text, at_most integer) RETURNS SETOF allocation_failures
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    DELETE FROM allocation_failures AS r WHERE (r.cluster, r.namespace, r.pod, r.interface, r.reason) IN (
        SELECT w.cluster, w.namespace, w.pod, w.interface, w.reason FROM allocation_failures w
         WHERE w.cluster = of_cluster ORDER BY w.namespace, w.pod, w.interface, w.reason LIMIT at_most FOR UPDATE SKIP LOCKED)
    RETURNING r.*;
END;
COMMENT ON FUNCTION take_allocation_failures_v1 IS 'Takes the refused ADDs of a cluster, for events.';
