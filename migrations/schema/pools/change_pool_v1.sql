CREATE FUNCTION change_pool_v1(
    wanted_pool integer, expected integer, new_name text, new_gateway inet, new_first inet, new_last inet, new_delay interval,
    new_labels jsonb, new_description text, is_drained boolean, new_aliases text[])
RETURNS SETOF integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Returns the pool's id, or nothing if it no longer has the expected version. new_aliases is the whole list.
DECLARE
    now   pools;
    gone  text[];
    alias text;
BEGIN
    SELECT * INTO now FROM pools p WHERE p.id = wanted_pool AND p.version = expected;
    gone := ARRAY(SELECT n.name FROM pool_names n WHERE n.pool_id = now.id AND n.name IS DISTINCT FROM new_name
                     AND n.name <> ALL (new_aliases));
    IF gone <> '{}' THEN
        -- Before the row of the pool: see wait_for_reservations().
        LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    END IF;
    -- ADDs go on if only names and texts change: what an ADD read before is as good.
    IF (new_gateway, new_first, new_last, new_delay, is_drained)
       IS NOT DISTINCT FROM (now.gateway, now.window_first::inet, now.window_last::inet, now.reuse_delay, now.drained) THEN
        UPDATE pools p SET name = new_name, labels = new_labels, description = new_description
         WHERE p.id = now.id AND p.version = expected;
    ELSE
        UPDATE pools p
           SET name = new_name, gateway = new_gateway, window_first = new_first, window_last = new_last,
               reuse_delay = new_delay, labels = new_labels, description = new_description, drained = is_drained
         WHERE p.id = now.id AND p.version = expected;
    END IF;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    FOR alias IN SELECT a FROM unnest(new_aliases) AS a WHERE a IS DISTINCT FROM new_name
                    AND NOT EXISTS (SELECT FROM pool_names n WHERE n.name = a AND n.pool_id = now.id)
                  -- The order of the locks of refuse_foreign_name().
                  ORDER BY lower(a), a LOOP
        PERFORM refuse_foreign_name(now.id, alias);
        INSERT INTO pool_names (name, pool_id) VALUES (alias, now.id);
    END LOOP;
    DELETE FROM pool_names n WHERE n.pool_id = now.id AND n.name = ANY (gone);
    RETURN NEXT now.id;
END $$;
COMMENT ON FUNCTION change_pool_v1 IS 'Changes a pool and its aliases, if the pool still has the expected version.';
