CREATE FUNCTION free_ranges_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Runs of a network never overlap, and no reserved address is free. A change by hand is in the audit log.
BEGIN
    IF pg_trigger_depth() = 1 AND coalesce(current_setting('rowhouse.command', true), '') = '' THEN
        PERFORM record_change('free_range.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE 'update' END, host(NEW.first) || '-' || host(NEW.last),
                              CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) END, to_jsonb(NEW));
    END IF;
    IF NEW.first > NEW.last OR family(NEW.first) <> family(NEW.last) THEN
        RAISE EXCEPTION 'free range %-% is not a run of addresses', host(NEW.first), host(NEW.last)
            USING ERRCODE = 'check_violation';
    END IF;
    -- Of the free and of the quarantined runs: one that ends inside, or the next one behind that begins
    -- inside. Each is one look at the index, however many runs there are.
    IF EXISTS (SELECT FROM free_ranges WHERE network_id = NEW.network_id AND NOT quarantined
                  AND last >= NEW.first AND last < NEW.last)
       OR EXISTS (SELECT FROM free_ranges WHERE network_id = NEW.network_id AND quarantined
                     AND last >= NEW.first AND last < NEW.last)
       OR (SELECT first FROM free_ranges WHERE network_id = NEW.network_id AND NOT quarantined
              AND last >= NEW.last AND (last > NEW.last OR NEW.quarantined) ORDER BY last LIMIT 1) <= NEW.last
       OR (SELECT first FROM free_ranges WHERE network_id = NEW.network_id AND quarantined
              AND last >= NEW.last AND (last > NEW.last OR NOT NEW.quarantined) ORDER BY last LIMIT 1) <= NEW.last
    THEN
        RAISE EXCEPTION 'free range %-% of network % overlaps another', host(NEW.first), host(NEW.last), NEW.network_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'free_ranges_never_overlap';
    END IF;
    -- (A reservation without a tenure is one of the statement under way: it is about to be taken out, see
    -- reservation_made(), and gets its tenure then.)
    IF EXISTS (SELECT FROM reservations r WHERE r.network_id = NEW.network_id
                  AND r.address >= NEW.first AND r.address <= NEW.last
                  AND EXISTS (SELECT FROM tenures t WHERE t.id = r.tenure_id)) THEN
        RAISE EXCEPTION 'free range %-% of network % holds a reserved address', host(NEW.first), host(NEW.last), NEW.network_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'free_ranges_hold_no_reservation';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION free_ranges_guard() IS 'Trigger: runs of a network never overlap, and hold no reserved address.';

-- Moving "first" alone, which is all that an allocation does, is left out: it shrinks a run. What a person breaks that
-- way, integrity_problems finds.
CREATE TRIGGER free_ranges_guard AFTER INSERT OR UPDATE OF network_id, quarantined, last, free_from, previous_owner ON free_ranges
    FOR EACH ROW EXECUTE FUNCTION free_ranges_guard();
