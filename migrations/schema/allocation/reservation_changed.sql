CREATE FUNCTION reservation_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A change of owner or address starts another tenure; so does a change of sandbox, but not for an owner that outlives its
-- sandboxes: past_attachments has those.
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    IF current_reason() = 'SQL'
       AND (NEW.network_id, NEW.address, NEW.owner_kind, NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface)
           <> (OLD.network_id, OLD.address, OLD.owner_kind, OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name, OLD.owner_interface) THEN
        PERFORM refuse_attached('the change of ' || host(OLD.address), OLD.network_id, ARRAY[OLD.address]::inet[], ARRAY[OLD.address]::inet[]);
        IF (NEW.network_id, NEW.address) = (OLD.network_id, OLD.address) THEN
            -- The old owner's sandboxes no longer use it. (The audit log has the change of owner, not each of them.)
            PERFORM set_config('rowhouse.command', 'FORCE', true);
            DELETE FROM attachments a WHERE a.network_id = OLD.network_id AND a.address = OLD.address;
            PERFORM set_config('rowhouse.command', '', true);
            NEW.node := '';
            NEW.container_id := '';
        END IF;
    END IF;
    IF NEW.owner_kind = 'workload' AND NEW.container_id NOT IN ('', OLD.container_id) THEN
        PERFORM refuse_second_sandbox(NEW.network_id, NEW.address, NEW.owner_kind, NEW.owner_namespace, NEW.owner_name, NEW.container_id, NEW.node,
                                      NEW.owner_uid, 1);
    END IF;
    IF (NEW.network_id, NEW.address, NEW.pool_id, NEW.owner_kind, NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name,
        NEW.owner_interface)
       IS DISTINCT FROM
       (OLD.network_id, OLD.address, OLD.pool_id, OLD.owner_kind, OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name,
        OLD.owner_interface)
       OR NEW.owner_kind IN ('pod', 'static')
          AND (NEW.owner_uid, NEW.node, NEW.container_id) IS DISTINCT FROM (OLD.owner_uid, OLD.node, OLD.container_id)
       OR NOT EXISTS (SELECT FROM tenures t WHERE t.id = OLD.tenure_id AND upper_inf(t.during)
                         AND t.network_id = OLD.network_id AND t.address = OLD.address) THEN
        UPDATE tenures
           SET during = tstzrange(lower(during), moment), ended_by = current_actor(), end_reason = current_reason()
         WHERE id = OLD.tenure_id AND network_id = OLD.network_id AND address = OLD.address
           AND upper_inf(during) AND lower(during) < moment;
        IF NOT FOUND THEN
            -- The clock was set back, or the tenure no longer exists: the change succeeds anyway.
            PERFORM settle_tenures(OLD.network_id, OLD.address, moment);
        END IF;
        NEW.tenure_id := nextval('tenures_id_seq');
        IF (NEW.network_id, NEW.address) <> (OLD.network_id, OLD.address) THEN
            PERFORM admit_gateways(NEW.network_id, NEW.address, NEW.address);
            PERFORM admit_requested(NEW.network_id, NEW.address, NEW.address);
            PERFORM take_run(NEW.network_id, NEW.address, NEW.address);
            moment := clock_timestamp();
            PERFORM settle_tenures(NEW.network_id, NEW.address, moment);
        END IF;
        INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                             owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
        VALUES (NEW.tenure_id, NEW.network_id, NEW.address, NEW.pool_id, tstzrange(moment, NULL), NEW.owner_kind,
                NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface, NEW.owner_uid,
                NEW.node, NEW.container_id, current_actor(), current_reason());
    ELSIF (NEW.owner_uid, NEW.node, NEW.container_id) IS DISTINCT FROM (OLD.owner_uid, OLD.node, OLD.container_id) THEN
        UPDATE tenures SET owner_uid = NEW.owner_uid, node = NEW.node, container_id = NEW.container_id WHERE id = NEW.tenure_id;
    END IF;
    IF NEW.slot > 0 AND (NEW.slot, NEW.pool_id) <> (OLD.slot, OLD.pool_id) THEN
        DELETE FROM plain_pools c WHERE c.pool_id = NEW.pool_id;
    END IF;
    IF current_reason() = 'SQL' THEN
        PERFORM refuse_foreign_pool(NEW.network_id, NEW.pool_id, NEW.address);
        PERFORM record_change(CASE WHEN (NEW.owner_kind, NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface)
                                         <> (OLD.owner_kind, OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name, OLD.owner_interface)
                                   THEN 'reservation.reassign' ELSE 'reservation.update' END,
                              host(OLD.address), to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION reservation_changed() IS 'Trigger: updates history and audit log after a change of a reservation.';

CREATE TRIGGER reservations_update BEFORE UPDATE ON reservations
    FOR EACH ROW EXECUTE FUNCTION reservation_changed();
