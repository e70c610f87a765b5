CREATE FUNCTION note_event(of_reason text, of_cluster text, of_namespace text, of_pod text, of_interface text, of_node text,
                           new_message text, new_held_by text, more bigint) RETURNS void
LANGUAGE plpgsql AS $$
-- What goes on without a pause of an hour is one event.
BEGIN
    UPDATE events e SET times = e.times + more, message = new_message, held_by = new_held_by, node = of_node, last_at = clock_timestamp()
     WHERE e.id = (SELECT max(k.id) FROM events k
                    WHERE k.namespace = of_namespace AND k.pod = of_pod AND k.cluster = of_cluster
                      AND k.interface = of_interface AND k.reason = of_reason)
       AND e.last_at > clock_timestamp() - interval '1 hour';
    IF NOT FOUND THEN
        INSERT INTO events (reason, message, held_by, cluster, namespace, pod, interface, node, times)
        VALUES (of_reason, new_message, new_held_by, of_cluster, of_namespace, of_pod, of_interface, of_node, more);
    END IF;
END $$;
COMMENT ON FUNCTION note_event IS 'Stores an event about an interface of a pod, or counts it if it goes on.';
