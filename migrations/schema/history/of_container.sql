CREATE FUNCTION of_container(wanted text)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The index of attachments begins with the cluster: one look-up in each, which OFFSET keeps from becoming a join.
    WITH RECURSIVE clusters (name) AS (
        (SELECT a.cluster FROM attached_tenures a ORDER BY a.cluster LIMIT 1)
        UNION ALL
        SELECT (SELECT a.cluster FROM attached_tenures a WHERE a.cluster > c.name ORDER BY a.cluster LIMIT 1)
          FROM clusters c WHERE c.name IS NOT NULL),
    -- Owners that outlive their sandboxes: the time of each sandbox, not the tenure.
    lasting AS (
        SELECT past.* FROM lasting_attachments past WHERE past.container_id = wanted AND past.end_reason IS NOT NULL
        UNION ALL
        SELECT a.* FROM clusters c
         CROSS JOIN LATERAL (SELECT one.* FROM lasting_attachments one
                              WHERE one.cluster = c.name AND one.container_id = wanted AND one.end_reason IS NULL OFFSET 0) AS a)
    SELECT h.* FROM address_history h
     WHERE h.container_id = wanted AND NOT upper_inf(h.during) AND h.owner_kind IN ('pod', 'static')
    UNION ALL
    SELECT h.* FROM address_history h
     WHERE h.id = ANY (ARRAY(
               SELECT a.tenure_id
                 FROM clusters c
                CROSS JOIN LATERAL (SELECT one.tenure_id FROM attached_tenures one
                                     WHERE one.cluster = c.name AND one.container_id = wanted OFFSET 0) AS a))
       AND h.container_id = wanted AND upper_inf(h.during) AND h.owner_kind IN ('pod', 'static')
    UNION ALL
    SELECT h.network, h.address, lower(p.during), upper(p.during), h.owner_kind, h.cluster, h.namespace, h.name, h.interface,
           p.pod_uid, p.node, p.container_id, h.started_by, h.start_reason, CASE WHEN NOT upper_inf(p.during) THEN h.ended_by END,
           p.end_reason, h.pool, h.network_id, p.during, h.id, h.pool_id, p.mac
      FROM lasting p
     CROSS JOIN LATERAL (SELECT one.* FROM address_history one WHERE one.id = p.tenure_id OFFSET 0) AS h;
END;
COMMENT ON FUNCTION of_container(text) IS 'Every address that a container holds or has held, by its full id.';
