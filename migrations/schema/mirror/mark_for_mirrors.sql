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
COMMENT ON FUNCTION mark_for_mirrors(integer[]) IS 'Marks pools as changed, for every mirror that has no mark of them.';
