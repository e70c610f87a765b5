CREATE FUNCTION limit_saved_views() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    -- Two views of one author that are saved at once are counted one after the other.
    PERFORM pg_advisory_xact_lock(hashtextextended('rowhouse.saved_views ' || NEW.author, 0));
    IF (SELECT count(*) FROM saved_views v WHERE v.author = NEW.author) >= 100 THEN
        RAISE EXCEPTION '"%" already has 100 saved views', NEW.author
            USING ERRCODE = error_code('in_the_way'), HINT = 'Delete one that is no longer needed.';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION limit_saved_views() IS 'Trigger: refuses more than 100 saved views of one author.';

CREATE TRIGGER saved_views_limit BEFORE INSERT ON saved_views
    FOR EACH ROW EXECUTE FUNCTION limit_saved_views();
