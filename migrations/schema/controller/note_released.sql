CREATE FUNCTION note_released(of_reason text, of_cluster text, of_namespace text, of_name text, released inet[], because text)
RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    -- A row of its own, because an update could wait for another session while this one holds locks of reservations.
    INSERT INTO events (reason, message, cluster, namespace, pod)
    SELECT of_reason,
           concat('released ', cardinality(released), CASE WHEN cardinality(released) = 1 THEN ' address: ' ELSE ' addresses: ' END,
                  (SELECT string_agg(host(a.address), ', ' ORDER BY a.address)
                     FROM (SELECT r.address FROM unnest(released) AS r (address) ORDER BY r.address LIMIT 10) AS a),
                  ' and ' || nullif(greatest(cardinality(released) - 10, 0), 0) || ' more', '; ', because),
           of_cluster, of_namespace, of_name;
END;
COMMENT ON FUNCTION note_released(text, text, text, text, inet[], text) IS
    'Stores an event about an owner whose addresses were released, with their number and the first ten.';
