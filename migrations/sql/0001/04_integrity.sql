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

CREATE FUNCTION record_change(action text, object text, before jsonb, after jsonb) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO audit_log (actor, action, object, before, after, request_id)
    VALUES (current_actor(), action, object, before, after,
            nullif(current_setting('rowhouse.request_id', true), ''));
END;
COMMENT ON FUNCTION record_change(text, text, jsonb, jsonb) IS 'Writes one line of the audit log.';

CREATE FUNCTION check_quotas(held reservations) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises RH105 if a namespace holds more than it may. The quota's row is locked, so that two allocations
-- can not both take the last address of a quota.
DECLARE
    quota quotas;
BEGIN
    FOR quota IN
        SELECT * FROM quotas q WHERE q.namespace = held.owner_namespace
           AND (q.pool_id IS NULL OR q.pool_id = held.pool_id) ORDER BY q.id FOR NO KEY UPDATE
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
COMMENT ON FUNCTION check_quotas(reservations) IS 'Raises RH105 if the namespace of a new reservation holds more than it may.';

CREATE FUNCTION refuse_foreign_pool(changed reservations) RETURNS void
LANGUAGE plpgsql AS $$
-- The allocator takes an address from its own pool; a person may mistype one.
BEGIN
    IF NOT EXISTS (SELECT FROM pools
                    WHERE id = changed.pool_id AND network_id = changed.network_id AND changed.address <<= cidr) THEN
        RAISE EXCEPTION 'pool_id % is no pool of network % that holds %', changed.pool_id, changed.network_id, host(changed.address)
            USING ERRCODE = 'foreign_key_violation';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_foreign_pool(reservations) IS 'Raises an error unless the pool of a reservation holds its address.';

CREATE FUNCTION reservation_made() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    free_since timestamptz;
BEGIN
    -- The usual case in one statement: the first address of a run that ends within its block of 16.
    -- The clock is read after the run is locked: now() may lie before the previous owner's end.
    WITH taken AS (
        UPDATE free_ranges f SET first = f.first + 1
         WHERE f.network_id = NEW.network_id AND NOT f.quarantined AND f.first = NEW.address
           AND f.last > NEW.address AND f.last <= last_address(block_of(NEW.address))
        RETURNING f.free_from)
    INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                         owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
    SELECT NEW.tenure_id, NEW.network_id, NEW.address, NEW.pool_id,
           tstzrange(greatest(clock_timestamp(), taken.free_from), NULL), NEW.owner_kind,
           NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface, NEW.owner_uid,
           NEW.node, NEW.container_id, current_actor(), current_reason()
      FROM taken;
    IF NOT FOUND THEN
        free_since := take_address(NEW.network_id, NEW.address);
        INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                             owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
        VALUES (NEW.tenure_id, NEW.network_id, NEW.address, NEW.pool_id,
                tstzrange(greatest(clock_timestamp(), free_since), NULL), NEW.owner_kind,
                NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface, NEW.owner_uid,
                NEW.node, NEW.container_id, current_actor(), current_reason());
    END IF;
    IF EXISTS (SELECT FROM quotas WHERE namespace = NEW.owner_namespace) THEN
        PERFORM check_quotas(NEW);
    END IF;
    IF current_reason() = 'SQL' THEN
        PERFORM refuse_foreign_pool(NEW);
        PERFORM record_change('reservation.insert', host(NEW.address), NULL, to_jsonb(NEW));
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION reservation_released() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    ended timestamptz;
    delay interval;
BEGIN
    -- A clock that was set back must not make a release fail: a tenure lasts at least a microsecond.
    UPDATE tenures
       SET during = tstzrange(lower(during), greatest(clock_timestamp(), lower(during) + interval '1 microsecond')),
           ended_by = current_actor(), end_reason = current_reason()
     WHERE id = OLD.tenure_id
    RETURNING upper(during) INTO ended;
    SELECT reuse_delay INTO delay FROM pools WHERE id = OLD.pool_id;
    IF is_excluded(OLD.network_id, OLD.address) THEN
        NULL; -- kept out of use while it was in use
    ELSIF delay > '0' THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
        VALUES (OLD.network_id, true, OLD.address, OLD.address, ended + delay);
    ELSE
        -- (NULL if somebody removed the open tenure; that must not make a release fail either)
        PERFORM free_run(OLD.network_id, OLD.address, OLD.address, coalesce(ended, clock_timestamp()));
    END IF;
    IF current_reason() = 'SQL' THEN
        PERFORM record_change('reservation.delete', host(OLD.address), to_jsonb(OLD), NULL);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION reservation_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Another owner, sandbox or address is another tenure.
DECLARE
    ended     timestamptz;
    free_from timestamptz;
BEGIN
    IF (NEW.network_id, NEW.address, NEW.pool_id, NEW.owner_kind, NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name,
        NEW.owner_interface, NEW.owner_uid, NEW.node, NEW.container_id)
       IS DISTINCT FROM
       (OLD.network_id, OLD.address, OLD.pool_id, OLD.owner_kind, OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name,
        OLD.owner_interface, OLD.owner_uid, OLD.node, OLD.container_id) THEN
        -- A clock that was set back must not make a release fail: a tenure lasts at least a microsecond.
        UPDATE tenures
           SET during = tstzrange(lower(during), greatest(clock_timestamp(), lower(during) + interval '1 microsecond')),
               ended_by = current_actor(), end_reason = current_reason()
         WHERE id = OLD.tenure_id
        RETURNING upper(during) INTO ended;
        NEW.tenure_id := nextval('tenures_id_seq');
        IF (NEW.network_id, NEW.address) <> (OLD.network_id, OLD.address) THEN
            free_from := take_address(NEW.network_id, NEW.address);
            ended := greatest(ended, free_from);
        END IF;
        INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                             owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
        VALUES (NEW.tenure_id, NEW.network_id, NEW.address, NEW.pool_id, tstzrange(ended, NULL), NEW.owner_kind,
                NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface, NEW.owner_uid,
                NEW.node, NEW.container_id, current_actor(), current_reason());
    END IF;
    IF current_reason() = 'SQL' THEN
        PERFORM refuse_foreign_pool(NEW);
        PERFORM record_change('reservation.update', host(OLD.address), to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION reservation_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- The old address of a reservation that was moved is free again, as after a release.
DECLARE
    ended timestamptz;
    delay interval;
BEGIN
    SELECT upper(during) INTO ended FROM tenures WHERE id = OLD.tenure_id;
    SELECT reuse_delay INTO delay FROM pools WHERE id = OLD.pool_id;
    IF is_excluded(OLD.network_id, OLD.address) THEN
        NULL; -- kept out of use while it was in use
    ELSIF delay > '0' THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
        VALUES (OLD.network_id, true, OLD.address, OLD.address, ended + delay);
    ELSE
        PERFORM free_run(OLD.network_id, OLD.address, OLD.address, ended);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER reservations_insert AFTER INSERT ON reservations
    FOR EACH ROW EXECUTE FUNCTION reservation_made();
CREATE TRIGGER reservations_update BEFORE UPDATE ON reservations
    FOR EACH ROW EXECUTE FUNCTION reservation_changed();
CREATE TRIGGER reservations_move AFTER UPDATE ON reservations
    FOR EACH ROW WHEN ((NEW.network_id, NEW.address) <> (OLD.network_id, OLD.address))
    EXECUTE FUNCTION reservation_moved();
CREATE TRIGGER reservations_delete AFTER DELETE ON reservations
    FOR EACH ROW EXECUTE FUNCTION reservation_released();

CREATE FUNCTION refuse_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE of % would lose history and free space', TG_TABLE_NAME
        USING ERRCODE = 'feature_not_supported', HINT = 'Use DELETE: it keeps every invariant.';
END $$;
CREATE TRIGGER reservations_truncate BEFORE TRUNCATE ON reservations EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER attachments_truncate BEFORE TRUNCATE ON attachments EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER free_ranges_truncate BEFORE TRUNCATE ON free_ranges EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER tenures_truncate BEFORE TRUNCATE ON tenures EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER audit_log_truncate BEFORE TRUNCATE ON audit_log EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER pools_truncate BEFORE TRUNCATE ON pools EXECUTE FUNCTION refuse_truncate();
