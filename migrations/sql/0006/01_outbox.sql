-- The outbox of the mirrors: which pools have changed since a mirror last looked at them.
--
-- An allocation must not pay for it. So the triggers on "reservations" are disabled while nobody mirrors; and while
-- somebody does, an allocation only looks whether its pool is marked already, and writes a row only if it is not. There
-- is no row that all allocations of a pool would wait for: transactions that meet each write a mark of their own.
--
-- A transaction that saw a mark relies on it, also if the mark is taken away before it commits. Therefore who takes marks
-- away asks afterwards who was writing at that moment (mirror_writers_v1), and looks at the same pools once more when
-- those are through. So nothing is missed, in whatever order transactions commit.

CREATE TABLE mirrors (
    cluster     text PRIMARY KEY,
    namespace   text NOT NULL,
    since       timestamptz NOT NULL DEFAULT clock_timestamp(),
    reported_at timestamptz,
    report      jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
COMMENT ON TABLE mirrors IS 'The clusters whose controller mirrors the pools as IPPool objects.';
COMMENT ON COLUMN mirrors.namespace IS 'Where the objects are in the cluster.';
COMMENT ON COLUMN mirrors.report IS 'What the controller last said of its mirror: `rowhouse mirror status` shows it.';

CREATE TABLE mirror_changes (
    cluster text NOT NULL,
    pool_id integer NOT NULL,
    made_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX mirror_changes_pool ON mirror_changes (cluster, pool_id);
COMMENT ON TABLE mirror_changes IS 'Pools that changed since a cluster''s mirror last looked; pool_id 0: look at all of them.';
CREATE TRIGGER mirrors_truncate AFTER TRUNCATE ON mirrors EXECUTE FUNCTION record_truncate();
CREATE TRIGGER mirror_changes_truncate AFTER TRUNCATE ON mirror_changes EXECUTE FUNCTION record_truncate();

CREATE FUNCTION mark_for_mirrors(changed integer[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Marks pools as changed where they are not marked, and wakes the mirrors if they may be asleep. A NOTIFY makes commits
-- wait for each other, disk and all, so it is sent only when the outbox was empty, and by one transaction at a time. (Who
-- leaves it to another one is a writer under way when that one wakes the mirror, see above.)
BEGIN
    -- An older snapshot may show marks that are gone.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        INSERT INTO mirror_changes (cluster, pool_id)
        SELECT m.cluster, pool FROM mirrors m, (SELECT DISTINCT unnest(changed) AS pool) AS p;
    ELSE
        INSERT INTO mirror_changes (cluster, pool_id)
        SELECT m.cluster, pool FROM mirrors m, (SELECT DISTINCT unnest(changed) AS pool) AS p
         WHERE (SELECT true FROM mirror_changes c WHERE c.cluster = m.cluster AND c.pool_id = pool LIMIT 1) IS NULL;
    END IF;
    IF FOUND AND NOT EXISTS (SELECT FROM mirror_changes WHERE made_by <> pg_current_xact_id())
       AND pg_try_advisory_xact_lock(hashtextextended('rowhouse mirror is called', 0)) THEN
        NOTIFY rowhouse_mirror;
    END IF;
END $$;
COMMENT ON FUNCTION mark_for_mirrors(integer[]) IS 'Marks pools as changed, for every mirror that does not know yet.';

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

CREATE FUNCTION mirrored_reservation_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    PERFORM mark_for_mirrors(ARRAY[OLD.pool_id, NEW.pool_id]);
    RETURN NULL;
END $$;

CREATE FUNCTION mirrored_pool_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    PERFORM mark_for_mirrors(ARRAY[coalesce(NEW.id, OLD.id)]);
    RETURN NULL;
END $$;

CREATE TRIGGER reservations_mirror_insert AFTER INSERT ON reservations REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION mirrored_rows_changed();
CREATE TRIGGER reservations_mirror_delete AFTER DELETE ON reservations REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION mirrored_rows_changed();
-- (For each row: to collect the rows of a statement would cost every UPDATE something, even while disabled.)
CREATE TRIGGER reservations_mirror_update AFTER UPDATE ON reservations
    FOR EACH ROW EXECUTE FUNCTION mirrored_reservation_changed();
ALTER TABLE reservations DISABLE TRIGGER reservations_mirror_insert;
ALTER TABLE reservations DISABLE TRIGGER reservations_mirror_delete;
ALTER TABLE reservations DISABLE TRIGGER reservations_mirror_update;
-- Pools and slices change seldom: these need no switch.
CREATE TRIGGER pools_mirror AFTER INSERT OR DELETE ON pools
    FOR EACH ROW EXECUTE FUNCTION mirrored_pool_changed();
CREATE TRIGGER node_slices_mirror_insert AFTER INSERT ON node_slices REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION mirrored_rows_changed();
CREATE TRIGGER node_slices_mirror_delete AFTER DELETE ON node_slices REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION mirrored_rows_changed();

CREATE FUNCTION switch_mirror_triggers() RETURNS void
LANGUAGE plpgsql AS $$
-- Enables the triggers on "reservations" while somebody mirrors. Whoever is writing is waited for, so that afterwards
-- every transaction fires them.
DECLARE
    wanted boolean := EXISTS (SELECT FROM mirrors);
    name   text;
BEGIN
    FOR name IN
        SELECT t.tgname FROM pg_trigger t
         WHERE t.tgrelid = 'reservations'::regclass AND t.tgname LIKE 'reservations\_mirror\_%'
           AND (t.tgenabled <> 'D') <> wanted
         ORDER BY t.tgname
    LOOP
        EXECUTE format('ALTER TABLE reservations %s TRIGGER %I', CASE WHEN wanted THEN 'ENABLE' ELSE 'DISABLE' END, name);
    END LOOP;
END $$;
COMMENT ON FUNCTION switch_mirror_triggers() IS 'Enables the triggers of the outbox if somebody mirrors, else disables them.';
