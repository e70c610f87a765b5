CREATE FUNCTION ran_on(wanted_node text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The index has both bounds, so of those that ended after the time began it reads only entries, not rows. A tenure
    -- without a beginning (by hand) has no lower bound to compare.
    SELECT h.* FROM address_history h
     WHERE h.node = wanted_node AND NOT upper_inf(h.during) AND h.owner_kind IN ('pod', 'static')
       AND upper(h.during) > coalesce(since, '-infinity') AND lower(h.during) < coalesce(until, 'infinity')
       AND h.during && tstzrange(since, until)
    UNION ALL
    SELECT h.* FROM address_history h
     WHERE h.node = wanted_node AND NOT upper_inf(h.during) AND h.owner_kind IN ('pod', 'static')
       AND upper(h.during) > coalesce(since, '-infinity') AND lower(h.during) IS NULL
       AND h.during && tstzrange(since, until)
    UNION ALL
    SELECT h.* FROM address_history h
     WHERE h.id = ANY (ARRAY(SELECT a.tenure_id FROM attached_tenures a WHERE a.node = wanted_node))
       AND h.node = wanted_node AND upper_inf(h.during) AND h.during && tstzrange(since, until)
       AND h.owner_kind IN ('pod', 'static')
    UNION ALL
    -- Owners that outlive their sandboxes: the time of each sandbox, not the tenure.
    SELECT h.network, h.address, lower(p.during), upper(p.during), h.owner_kind, h.cluster, h.namespace, h.name, h.interface,
           p.pod_uid, p.node, p.container_id, h.started_by, h.start_reason, CASE WHEN NOT upper_inf(p.during) THEN h.ended_by END,
           p.end_reason, h.pool, h.network_id, p.during, h.id, h.pool_id, p.mac
      FROM lasting_attachments p
     CROSS JOIN LATERAL (SELECT one.* FROM address_history one WHERE one.id = p.tenure_id OFFSET 0) AS h
     WHERE p.node = wanted_node AND p.during && tstzrange(since, until);
END;
COMMENT ON FUNCTION ran_on(text, timestamptz, timestamptz) IS
    'Every owner of addresses on a node at any time of a period; NULL: from the beginning, until now.';
