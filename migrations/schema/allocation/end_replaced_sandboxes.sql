CREATE FUNCTION end_replaced_sandboxes(
    cluster text, interface text, node text, uid text, container_id text, spaces integer[], used inet[])
RETURNS void
LANGUAGE plpgsql AS $$
-- The same pod (uid) on the same node has one sandbox at a time: after a reboot its new one replaces the old, whose DEL
-- may come late or never. Another uid or node is another pod, or a migration: both stay.
DECLARE
    old text;
BEGIN
    FOR old IN
        SELECT DISTINCT a.container_id
          FROM unnest(spaces, used) AS given (network_id, address)
          JOIN attachments a ON a.network_id = given.network_id AND a.address = given.address
         WHERE a.cluster = end_replaced_sandboxes.cluster AND a.interface = end_replaced_sandboxes.interface
           AND a.node = end_replaced_sandboxes.node AND a.pod_uid = uid
           AND a.container_id <> end_replaced_sandboxes.container_id
         ORDER BY 1
    LOOP
        IF old = '' THEN
            DELETE FROM attachments a USING unnest(spaces, used) AS given (network_id, address)
             WHERE a.network_id = given.network_id AND a.address = given.address AND a.container_id = ''
               AND a.cluster = end_replaced_sandboxes.cluster AND a.interface = end_replaced_sandboxes.interface
               AND a.node = end_replaced_sandboxes.node AND a.pod_uid = uid;
        ELSE
            PERFORM detach_many_v1(ARRAY[end_replaced_sandboxes.cluster], ARRAY[old], ARRAY[end_replaced_sandboxes.interface],
                                   ARRAY[end_replaced_sandboxes.node], 'REPLACED');
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION end_replaced_sandboxes IS 'Ends the attachments of earlier sandboxes of the same pod (uid) on the same node.';
