CREATE FUNCTION free_ranges_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Runs of a network never overlap, and no reserved address is free. A change by hand is in the audit log.
DECLARE
    broken text; -- the name of the rule
BEGIN
    IF pg_trigger_depth() = 1 AND coalesce(current_setting('rowhouse.command', true), '') = '' THEN
        PERFORM record_change('free_range.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE 'update' END, host(NEW.first) || '-' || host(NEW.last),
                              CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) END, to_jsonb(NEW));
    END IF;
    IF NEW.first > NEW.last OR family(NEW.first) <> family(NEW.last) THEN
        RAISE EXCEPTION 'free range %-% is not a run of addresses', host(NEW.first), host(NEW.last)
            USING ERRCODE = 'check_violation';
    END IF;
    -- For free and for quarantined runs: the first one that ends after our first address must begin after our last one.
    -- Each is one index look-up, for any number of runs. (One statement for all, because starting a statement costs as
    -- much as two look-ups. A reservation without a tenure belongs to the running statement: reservation_made() is about
    -- to take its address out, and then opens its tenure.)
    broken := CASE
        WHEN (SELECT f.first FROM free_ranges f
               WHERE f.network_id = NEW.network_id AND NOT f.quarantined AND f.last >= NEW.first
                 AND (f.last <> NEW.last OR NEW.quarantined) ORDER BY f.last LIMIT 1) <= NEW.last
          OR (SELECT f.first FROM free_ranges f
               WHERE f.network_id = NEW.network_id AND f.quarantined AND f.last >= NEW.first
                 AND (f.last <> NEW.last OR NOT NEW.quarantined) ORDER BY f.last LIMIT 1) <= NEW.last
        THEN 'free_ranges_never_overlap'
        WHEN EXISTS (SELECT FROM reservations r
                      WHERE r.network_id = NEW.network_id AND r.address >= NEW.first AND r.address <= NEW.last
                        AND EXISTS (SELECT FROM tenures t WHERE t.id = r.tenure_id))
        THEN 'free_ranges_hold_no_reservation' END;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'free range %-% of network % %', host(NEW.first), host(NEW.last), NEW.network_id,
                        CASE broken WHEN 'free_ranges_never_overlap' THEN 'overlaps another' ELSE 'holds a reserved address' END
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = broken;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION free_ranges_guard() IS 'Trigger: ensures that runs of a network never overlap, and contain no reserved address.';

-- An UPDATE of only "first", as an allocation does, does not fire it, because it shrinks a run. integrity_problems finds
-- what a manual statement breaks this way.
CREATE TRIGGER free_ranges_guard AFTER INSERT OR UPDATE OF network_id, quarantined, last, free_from, previous_owner ON free_ranges
    FOR EACH ROW EXECUTE FUNCTION free_ranges_guard();
