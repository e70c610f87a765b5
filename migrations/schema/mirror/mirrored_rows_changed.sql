CREATE FUNCTION mirrored_rows_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- On the path of every allocation: one look at an index, as a rule.
BEGIN
    IF EXISTS (SELECT FROM mirrors m, touched t
                WHERE (SELECT true FROM mirror_changes c
                        WHERE c.cluster = m.cluster AND c.pool_id = t.pool_id LIMIT 1) IS NULL)
       OR current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM mark_for_mirrors(ARRAY(SELECT DISTINCT t.pool_id FROM touched t));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mirrored_rows_changed() IS 'Trigger: marks the pools of inserted or deleted rows for the mirrors.';

CREATE TRIGGER reservations_mirror_insert AFTER INSERT ON reservations REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION mirrored_rows_changed();
CREATE TRIGGER reservations_mirror_delete AFTER DELETE ON reservations REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION mirrored_rows_changed();
CREATE TRIGGER node_slices_mirror_insert AFTER INSERT ON node_slices REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION mirrored_rows_changed();
CREATE TRIGGER node_slices_mirror_delete AFTER DELETE ON node_slices REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION mirrored_rows_changed();

-- Those on "reservations" stay disabled while no cluster mirrors.
DO $$ BEGIN PERFORM switch_mirror_triggers(); END $$;

-- Those on "reservations" stay disabled while no cluster mirrors.
DO $$ BEGIN PERFORM switch_mirror_triggers(); END $$;

-- Those on "reservations" stay disabled while no cluster mirrors.
DO $$ BEGIN PERFORM switch_mirror_triggers(); END $$;
