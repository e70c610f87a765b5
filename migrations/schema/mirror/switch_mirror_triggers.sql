CREATE FUNCTION switch_mirror_triggers() RETURNS void
LANGUAGE plpgsql AS $$
-- Enables the triggers on "reservations" while there is a mirror. Waits for writing transactions, so that afterwards
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
COMMENT ON FUNCTION switch_mirror_triggers() IS 'Enables the triggers of the outbox if there is a mirror; otherwise disables them.';
