CREATE FUNCTION reservation_made() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Once for all rows of a statement, so that several addresses cost little more than one.
DECLARE
    run        record;
    free_since timestamptz;
    is_limited boolean;
BEGIN
    -- The usual ADD opens the tenure in the statement that makes the reservation, and takes the address out of the free
    -- space next: all that is to be done for a plain pool. (A manual INSERT is always handled here.)
    IF current_reason() = 'ADD' AND NOT EXISTS (SELECT FROM made m WHERE (SELECT t.id FROM tenures t WHERE t.id = m.tenure_id) IS NULL) THEN
        RETURN NULL;
    END IF;
    -- An ADD relies on free_from, and is repeated in careful mode if the history refuses it. All others check first.
    IF current_reason() <> 'ADD' OR is_careful() THEN
        PERFORM settle_tenures(m.network_id, m.address, clock_timestamp())
           FROM made m
          CROSS JOIN LATERAL (SELECT FROM tenures_of(m.network_id, m.address) t
                               WHERE t.during && tstzrange(clock_timestamp(), NULL) LIMIT 1) AS in_the_way;
    END IF;
    -- The usual case in one statement: the first addresses of a run that ends within its block of 64.
    -- (Distinct addresses of one family: the sum cannot leave it.) The clock is read after the run is
    -- locked: now() may lie before the previous owner's end.
    WITH given AS (
        SELECT min(network_id) AS network_id, min(address) AS first, max(address) AS last
          FROM made
        HAVING min(network_id) = max(network_id)
           AND CASE WHEN family(min(address)) = family(max(address))
                    THEN min(address) + (count(*) - 1) = max(address) END),
    taken AS (
        UPDATE free_ranges f SET first = given.last + 1 FROM given
         WHERE f.network_id = given.network_id AND NOT f.quarantined AND f.first = given.first
           AND f.last > given.last AND f.last <= last_address(block_of(given.last))
           AND f.free_from <= clock_timestamp()
        RETURNING f.last),
    opened AS (
        INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                             owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
        SELECT m.tenure_id, m.network_id, m.address, m.pool_id,
               tstzrange(clock_timestamp(), NULL), m.owner_kind,
               m.owner_cluster, m.owner_namespace, m.owner_name, m.owner_interface, m.owner_uid,
               m.node, m.container_id, current_actor(), current_reason()
          FROM taken, made m)
    SELECT EXISTS (SELECT FROM quotas) INTO is_limited FROM taken;
    IF NOT FOUND THEN
        is_limited := EXISTS (SELECT FROM quotas);
        FOR run IN
            SELECT m.network_id, min(m.address) AS first, max(m.address) AS last
              FROM (SELECT l.network_id, l.address,
                           count(*) FILTER (WHERE l.previous IS NULL OR CASE WHEN family(l.previous) = family(l.address)
                                                                             THEN l.previous + 1 <> l.address ELSE true END)
                           OVER (PARTITION BY l.network_id ORDER BY l.address) AS number
                      FROM (SELECT made.network_id, made.address,
                                   lag(made.address) OVER (PARTITION BY made.network_id ORDER BY made.address) AS previous
                              FROM made) AS l) AS m
             GROUP BY m.network_id, m.number ORDER BY m.network_id, first
        LOOP
            PERFORM admit_gateways(run.network_id, run.first, run.last);
            PERFORM admit_requested(run.network_id, run.first, run.last);
            free_since := take_run(run.network_id, run.first, run.last);
            IF free_since > clock_timestamp() THEN
                -- The clock was set back since a previous owner left.
                PERFORM settle_tenures(m.network_id, m.address, clock_timestamp())
                   FROM made m WHERE m.network_id = run.network_id AND m.address BETWEEN run.first AND run.last;
            END IF;
            INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                                 owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
            SELECT m.tenure_id, m.network_id, m.address, m.pool_id,
                   tstzrange(clock_timestamp(), NULL), m.owner_kind,
                   m.owner_cluster, m.owner_namespace, m.owner_name, m.owner_interface, m.owner_uid,
                   m.node, m.container_id, current_actor(), current_reason()
              FROM made m WHERE m.network_id = run.network_id AND m.address BETWEEN run.first AND run.last;
        END LOOP;
    END IF;
    IF EXISTS (SELECT FROM made m WHERE m.slot > 0) THEN
        DELETE FROM plain_pools c WHERE c.pool_id IN (SELECT m.pool_id FROM made m WHERE m.slot > 0);
    END IF;
    IF is_limited THEN
        PERFORM check_quotas(m.owner_namespace, m.pool_id) FROM (SELECT DISTINCT owner_namespace, pool_id FROM made) AS m;
    END IF;
    IF current_reason() = 'SQL' THEN
        PERFORM refuse_foreign_pool(m.network_id, m.pool_id, m.address) FROM made m;
        PERFORM record_changes('reservation.create', NULL, array_agg(b.after ORDER BY b.number))
           FROM (SELECT to_jsonb(m) AS after, m.network_id, m.owner_cluster,
                        row_number() OVER (PARTITION BY m.network_id, m.owner_cluster ORDER BY m.address) - 1 AS number
                   FROM made m) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION reservation_made() IS 'Trigger: updates free space, history and audit log for new reservations.';

CREATE TRIGGER reservations_insert AFTER INSERT ON reservations REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION reservation_made();
