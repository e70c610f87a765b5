-- What follows a change of a reservation, whoever makes it: free space, history and, for a change that
-- did not come through a stored function of ours, the audit.
--
-- rowhouse.command names the use case under way (set by the stored functions for their own duration);
-- it is empty for a statement typed by a person. rowhouse.actor and rowhouse.request_id are set for a
-- transaction by the server.

CREATE FUNCTION current_actor() RETURNS text
LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('rowhouse.actor', true), ''), session_user::text);
COMMENT ON FUNCTION current_actor() IS 'Who acts: the caller that the server named, else the database user.';

CREATE FUNCTION current_reason() RETURNS text
LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('rowhouse.command', true), ''), 'SQL');
COMMENT ON FUNCTION current_reason() IS 'The use case under way; SQL for a statement typed by a person.';

CREATE FUNCTION owner_key(cluster text, namespace text, name text, interface text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cluster || ' ' || namespace || ' ' || name || ' ' || interface;
COMMENT ON FUNCTION owner_key(text, text, text, text) IS 'An owner as one text: no part of it holds a blank.';

CREATE FUNCTION record_change(action text, object text, before jsonb, after jsonb) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO audit_log (actor, action, object, before, after, request_id)
    VALUES (current_actor(), action, object, before, after,
            nullif(current_setting('rowhouse.request_id', true), ''));
END;
COMMENT ON FUNCTION record_change(text, text, jsonb, jsonb) IS 'Writes one line of the audit log.';

CREATE FUNCTION check_quotas(holder text, of_pool integer) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises RH105 if a namespace holds more than it may. The quota's row is locked, so that two allocations
-- can not both take the last address of a quota.
DECLARE
    quota quotas;
BEGIN
    FOR quota IN
        SELECT * FROM quotas q WHERE q.namespace = holder
           AND (q.pool_id IS NULL OR q.pool_id = of_pool) ORDER BY q.id FOR NO KEY UPDATE
    LOOP
        IF (SELECT count(*) FROM (
                SELECT FROM reservations r
                 WHERE r.owner_namespace = quota.namespace AND (quota.pool_id IS NULL OR r.pool_id = quota.pool_id)
                 LIMIT quota.addresses + 1) AS counted) > quota.addresses THEN
            RAISE EXCEPTION 'namespace "%" may hold % addresses%', quota.namespace, quota.addresses,
                            coalesce((SELECT ' in pool ' || p.cidr FROM pools p WHERE p.id = quota.pool_id), '')
                USING ERRCODE = 'RH105', HINT = 'Raise the quota, or release what is no longer used.';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION check_quotas(text, integer) IS 'Raises RH105 if a namespace that was given addresses of a pool holds more than it may.';

CREATE FUNCTION refuse_foreign_pool(of_network integer, of_pool integer, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- The allocator takes an address from its own pool; a person may mistype one.
BEGIN
    IF NOT EXISTS (SELECT FROM pools WHERE id = of_pool AND network_id = of_network AND wanted <<= cidr) THEN
        RAISE EXCEPTION 'pool_id % is no pool of network % that holds %', of_pool, of_network, host(wanted)
            USING ERRCODE = 'foreign_key_violation';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_foreign_pool(integer, integer, inet) IS 'Raises an error unless a pool of a network holds an address.';

CREATE FUNCTION settle_tenures(of_network integer, of_address inet, moment timestamptz, kept bigint DEFAULT NULL)
RETURNS timestamptz
LANGUAGE plpgsql AS $$
-- Makes room in the history of an address from a moment on, and returns the moment. Usually there is room: the
-- cost is one index probe. If the clock was set back, tenures begin or end after the moment; they move before it, in
-- their order, each at least a microsecond long. An open tenure ends at the moment, except the one with the id
-- "kept", which begins no later than the moment. Each correction is a line of the audit log.
--
-- The caller holds the reservation of the address, or the free run that it is in.
DECLARE
    tenure  tenures;
    latest  timestamptz := moment;
    before  tenures[];
    span    tstzrange;
    spans   tstzrange[];
    settled tenures;
BEGIN
    IF NOT EXISTS (SELECT FROM tenures t
                    WHERE address_key(t.address) = address_key(of_address) AND t.address = of_address
                      AND t.network_id = of_network AND t.during && tstzrange(moment, NULL) AND t.id IS DISTINCT FROM kept)
       AND NOT EXISTS (SELECT FROM tenures t WHERE t.id = kept AND lower(t.during) > moment) THEN
        RETURN moment;
    END IF;
    FOR tenure IN
        SELECT * FROM tenures t
         WHERE address_key(t.address) = address_key(of_address) AND t.address = of_address AND t.network_id = of_network
           AND NOT isempty(t.during)
         ORDER BY t.during DESC
    LOOP
        IF tenure.id = kept THEN
            CONTINUE WHEN lower_inf(tenure.during) OR lower(tenure.during) <= latest;
            span := tstzrange(latest, NULL);
        ELSE
            EXIT WHEN tenure.during << tstzrange(latest, NULL);
            span := tstzrange(CASE WHEN NOT lower_inf(tenure.during)
                                   THEN least(lower(tenure.during), latest - interval '1 microsecond') END, latest);
            latest := lower(span);
        END IF;
        before := before || tenure;
        spans := spans || span;
        EXIT WHEN latest IS NULL;
    END LOOP;
    -- The earliest first: so no tenure meets another one on its way.
    FOR i IN REVERSE coalesce(cardinality(before), 0) .. 1 LOOP
        UPDATE tenures t
           SET during = spans[i],
               ended_by = CASE WHEN upper_inf(spans[i]) THEN t.ended_by ELSE coalesce(t.ended_by, current_actor()) END,
               end_reason = CASE WHEN upper_inf(spans[i]) THEN t.end_reason ELSE coalesce(t.end_reason, current_reason()) END
         WHERE t.id = before[i].id
        RETURNING t.* INTO settled;
        PERFORM record_change('tenure.correct', host(of_address), to_jsonb(before[i]), to_jsonb(settled));
    END LOOP;
    RETURN moment;
END $$;
COMMENT ON FUNCTION settle_tenures(integer, inet, timestamptz, bigint) IS
    'Makes room in the history of an address from a moment on, after the clock was set back or a tenure was left open.';

CREATE FUNCTION is_careful() RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce(current_setting('rowhouse.careful', true), '') = 'on';
COMMENT ON FUNCTION is_careful() IS
    'Whether the call is repeated after the history or the free space refused it: correct them first.';

CREATE FUNCTION is_forced() RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce(current_setting('rowhouse.force', true), '') = 'on';
COMMENT ON FUNCTION is_forced() IS
    'Whether the caller insists on a change that touches running sandboxes or takes a gateway: SET rowhouse.force = ''on''.';

CREATE FUNCTION refuse_attached(change text, of_network integer, firsts inet[], lasts inet[], of_pool integer DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql AS $$
-- Raises RH410 if a sandbox uses an address of these segments (of one pool, or of any), unless the change is forced.
DECLARE
    used    bigint;
    example text;
BEGIN
    IF is_forced() THEN
        RETURN;
    END IF;
    SELECT count(*), (array_agg(concat(host(r.address), ' (', nullif(r.owner_namespace, '') || '/', r.owner_name, ' on node ',
                                       coalesce(nullif(r.node, ''), 'unknown'), ')') ORDER BY r.address))[1]
      INTO used, example
      FROM unnest(firsts, lasts) AS s (first, last)
      JOIN reservations r ON r.network_id = of_network AND r.address BETWEEN s.first AND s.last
     WHERE (of_pool IS NULL OR r.pool_id = of_pool)
       AND EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address);
    IF used > 0 THEN
        RAISE EXCEPTION '% touches % that running sandboxes use: %', change,
                        CASE used WHEN 1 THEN '1 address' ELSE used || ' addresses' END,
                        example || CASE WHEN used > 1 THEN ', …' ELSE '' END
            USING ERRCODE = 'RH410', HINT = 'Delete these pods first, or repeat it with force.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_attached IS 'Raises RH410 if a change touches addresses that running sandboxes use, unless it is forced.';

CREATE FUNCTION admit_gateways(of_network integer, run_first inet, run_last inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Lets a forced reservation take the gateways from run_first to run_last: each is free until it takes it. It goes out of
-- use again when it is released. No gateway changes meanwhile: the network is locked.
BEGIN
    IF is_forced() AND EXISTS (SELECT FROM gateways g WHERE g.network_id = of_network AND g.address BETWEEN run_first AND run_last) THEN
        PERFORM FROM networks WHERE id = of_network FOR NO KEY UPDATE;
        INSERT INTO free_ranges (network_id, first, last, free_from)
        SELECT DISTINCT of_network, g.address, g.address, timestamptz '-infinity'
          FROM gateways g
         WHERE g.network_id = of_network AND g.address BETWEEN run_first AND run_last
           AND NOT is_excluded(of_network, g.address)
           AND NOT EXISTS (SELECT FROM free_ranges f WHERE f.network_id = of_network AND f.last >= g.address AND f.first <= g.address);
    END IF;
END $$;
COMMENT ON FUNCTION admit_gateways(integer, inet, inet) IS 'Lets a forced reservation take gateways.';

CREATE FUNCTION reservation_made() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Once for all rows of a statement, so that addresses that were given out together cost little more
-- than one.
DECLARE
    run        record;
    free_since timestamptz;
    is_limited boolean;
BEGIN
    -- attach_v1() has done all of this itself. (Whoever may not insert can not pretend it: each of our functions
    -- that inserts says first what it is. Whoever may is also free to disable this trigger.)
    IF current_setting('rowhouse.command', true) = 'ADD, complete' THEN
        RETURN NULL;
    END IF;
    -- An ADD relies on free_from, and is repeated carefully if the history has another opinion. All others look first.
    IF current_reason() <> 'ADD' OR is_careful() THEN
        PERFORM settle_tenures(m.network_id, m.address, clock_timestamp())
           FROM made m
          CROSS JOIN LATERAL (SELECT FROM tenures t
                               WHERE address_key(t.address) = address_key(m.address) AND t.address = m.address
                                 AND t.network_id = m.network_id
                                 AND t.during && tstzrange(clock_timestamp(), NULL) LIMIT 1) AS in_the_way;
    END IF;
    -- The usual case in one statement: the first addresses of a run that ends within its block of 64.
    -- (Distinct addresses of one family: the sum can not leave it.) The clock is read after the run is
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
        PERFORM record_change('reservation.insert', host(m.address), NULL, to_jsonb(m)) FROM made m;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION give_back(of_network integer, of_address inet, ended timestamptz, delay interval, owner text) RETURNS void
LANGUAGE plpgsql AS $$
-- (What is withheld is quarantined as well: that may end before the time is over.)
BEGIN
    IF delay > '0' THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
        VALUES (of_network, true, of_address, of_address, ended + delay, owner);
    ELSIF NOT is_withheld(of_network, of_address) THEN -- (while it was in use)
        PERFORM free_run(of_network, of_address, of_address, ended);
    END IF;
END $$;
COMMENT ON FUNCTION give_back(integer, inet, timestamptz, interval, text) IS
    'Puts a released address into the free space or into quarantine, unless it is kept out of use.';

CREATE FUNCTION reservation_released() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Once for all rows of a statement.
DECLARE
    released record;
    moment   timestamptz := clock_timestamp();
BEGIN
    FOR released IN
        -- An open tenure that becomes shorter meets no other one.
        WITH closed AS (
            UPDATE tenures t
               SET during = tstzrange(lower(t.during), moment), ended_by = current_actor(), end_reason = current_reason()
             -- (an array, since nothing is known of a transition table, and a join with it may read all tenures)
             WHERE t.id = ANY (ARRAY(SELECT g.tenure_id FROM gone g))
               AND upper_inf(t.during) AND lower(t.during) < moment
            RETURNING t.id)
        -- (Of the others the clock was set back, or the tenure was removed: a release succeeds all the same.)
        SELECT g.network_id, g.address, closed.id IS NOT NULL AS is_closed, is_careful() AS is_careful,
               greatest((SELECT p.reuse_delay FROM pools p WHERE p.id = g.pool_id), g.reuse_delay) AS delay,
               owner_key(g.owner_cluster, g.owner_namespace, g.owner_name, g.owner_interface) AS owner
          FROM gone g LEFT JOIN closed ON closed.id = g.tenure_id
         ORDER BY g.network_id, g.address
    LOOP
        IF NOT released.is_closed THEN
            PERFORM settle_tenures(released.network_id, released.address, moment);
        END IF;
        IF NOT released.is_careful THEN
            PERFORM give_back(released.network_id, released.address, moment, released.delay, released.owner);
        ELSE
            BEGIN
                PERFORM give_back(released.network_id, released.address, moment, released.delay, released.owner);
            EXCEPTION WHEN integrity_constraint_violation THEN
                -- A release succeeds even if the free space is damaged: integrity_problems has the address.
                PERFORM record_change('free_range.refuse', host(released.address), NULL, jsonb_build_object('error', SQLERRM));
            END;
        END IF;
    END LOOP;
    IF current_reason() = 'SQL' THEN
        PERFORM record_change('reservation.delete', host(g.address), to_jsonb(g), NULL) FROM gone g;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION reservation_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Another owner, sandbox or address is another tenure.
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    IF current_reason() = 'SQL'
       AND (NEW.network_id, NEW.address, NEW.owner_kind, NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface)
           <> (OLD.network_id, OLD.address, OLD.owner_kind, OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name, OLD.owner_interface) THEN
        PERFORM refuse_attached('the change of ' || host(OLD.address), OLD.network_id, ARRAY[OLD.address]::inet[], ARRAY[OLD.address]::inet[]);
        IF (NEW.network_id, NEW.address) = (OLD.network_id, OLD.address) THEN
            -- The old owner's sandboxes no longer have a say in it. (The audit has the change of owner, not each of them.)
            PERFORM set_config('rowhouse.command', 'FORCE', true);
            DELETE FROM attachments a WHERE a.network_id = OLD.network_id AND a.address = OLD.address;
            PERFORM set_config('rowhouse.command', '', true);
            NEW.node := '';
            NEW.container_id := '';
        END IF;
    END IF;
    IF (NEW.network_id, NEW.address, NEW.pool_id, NEW.owner_kind, NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name,
        NEW.owner_interface, NEW.owner_uid, NEW.node, NEW.container_id)
       IS DISTINCT FROM
       (OLD.network_id, OLD.address, OLD.pool_id, OLD.owner_kind, OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name,
        OLD.owner_interface, OLD.owner_uid, OLD.node, OLD.container_id)
       OR NOT EXISTS (SELECT FROM tenures t WHERE t.id = OLD.tenure_id AND upper_inf(t.during)
                         AND t.network_id = OLD.network_id AND t.address = OLD.address) THEN
        UPDATE tenures
           SET during = tstzrange(lower(during), moment), ended_by = current_actor(), end_reason = current_reason()
         WHERE id = OLD.tenure_id AND network_id = OLD.network_id AND address = OLD.address
           AND upper_inf(during) AND lower(during) < moment;
        IF NOT FOUND THEN
            -- The clock was set back, or the tenure is not there any more: the change succeeds all the same.
            PERFORM settle_tenures(OLD.network_id, OLD.address, moment);
        END IF;
        NEW.tenure_id := nextval('tenures_id_seq');
        IF (NEW.network_id, NEW.address) <> (OLD.network_id, OLD.address) THEN
            PERFORM admit_gateways(NEW.network_id, NEW.address, NEW.address);
            PERFORM take_run(NEW.network_id, NEW.address, NEW.address);
            moment := clock_timestamp();
            PERFORM settle_tenures(NEW.network_id, NEW.address, moment);
        END IF;
        INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                             owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
        VALUES (NEW.tenure_id, NEW.network_id, NEW.address, NEW.pool_id, tstzrange(moment, NULL), NEW.owner_kind,
                NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface, NEW.owner_uid,
                NEW.node, NEW.container_id, current_actor(), current_reason());
    END IF;
    IF NEW.slot > 0 AND (NEW.slot, NEW.pool_id) <> (OLD.slot, OLD.pool_id) THEN
        DELETE FROM plain_pools c WHERE c.pool_id = NEW.pool_id;
    END IF;
    IF current_reason() = 'SQL' THEN
        PERFORM refuse_foreign_pool(NEW.network_id, NEW.pool_id, NEW.address);
        PERFORM record_change('reservation.update', host(OLD.address), to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION reservation_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- The old address of a reservation that was moved is free again, as after a release.
BEGIN
    PERFORM give_back(OLD.network_id, OLD.address, clock_timestamp(),
                      (SELECT greatest(p.reuse_delay, OLD.reuse_delay) FROM pools p WHERE p.id = OLD.pool_id),
                      owner_key(OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name, OLD.owner_interface));
    RETURN NULL;
END $$;

CREATE TRIGGER reservations_insert AFTER INSERT ON reservations REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION reservation_made();
CREATE TRIGGER reservations_update BEFORE UPDATE ON reservations
    FOR EACH ROW EXECUTE FUNCTION reservation_changed();
CREATE TRIGGER reservations_move AFTER UPDATE ON reservations
    FOR EACH ROW WHEN ((NEW.network_id, NEW.address) <> (OLD.network_id, OLD.address))
    EXECUTE FUNCTION reservation_moved();
CREATE TRIGGER reservations_delete AFTER DELETE ON reservations REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION reservation_released();

CREATE FUNCTION refuse_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE of % would lose history and free space, or leave no line in the audit log', TG_TABLE_NAME
        USING ERRCODE = 'feature_not_supported', HINT = 'Use DELETE: it keeps every invariant.';
END $$;
CREATE TRIGGER reservations_truncate BEFORE TRUNCATE ON reservations EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER attachments_truncate BEFORE TRUNCATE ON attachments EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER free_ranges_truncate BEFORE TRUNCATE ON free_ranges EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER tenures_truncate BEFORE TRUNCATE ON tenures EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER audit_log_truncate BEFORE TRUNCATE ON audit_log EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER networks_truncate BEFORE TRUNCATE ON networks EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER pools_truncate BEFORE TRUNCATE ON pools EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER node_slices_truncate BEFORE TRUNCATE ON node_slices EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER quotas_truncate BEFORE TRUNCATE ON quotas EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER tokens_truncate BEFORE TRUNCATE ON tokens EXECUTE FUNCTION refuse_truncate();

CREATE FUNCTION record_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- For tables that can be filled again: a TRUNCATE is allowed, but not unseen.
BEGIN
    PERFORM record_change('table.truncate', TG_TABLE_NAME, NULL, NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER idempotency_keys_truncate AFTER TRUNCATE ON idempotency_keys EXECUTE FUNCTION record_truncate();
