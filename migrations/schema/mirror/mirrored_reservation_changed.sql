CREATE FUNCTION mirrored_reservation_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    PERFORM mark_for_mirrors(ARRAY[OLD.pool_id, NEW.pool_id]);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mirrored_reservation_changed() IS
    'Trigger: marks the pool of a changed reservation for the mirrors.';

-- (For each row: to collect the rows of a statement would cost every UPDATE something, even while disabled.)
CREATE TRIGGER reservations_mirror_update AFTER UPDATE ON reservations
    FOR EACH ROW EXECUTE FUNCTION mirrored_reservation_changed();

-- It stays disabled while no cluster mirrors.
DO $$ BEGIN PERFORM switch_mirror_triggers(); END $$;

-- It stays disabled while no cluster mirrors.
DO $$ BEGIN PERFORM switch_mirror_triggers(); END $$;

-- It stays disabled while no cluster mirrors.
DO $$ BEGIN PERFORM switch_mirror_triggers(); END $$;
