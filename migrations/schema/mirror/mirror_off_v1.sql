CREATE FUNCTION mirror_off_v1(of_cluster text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '250ms'
AS $$
-- Stops recording a cluster's changes, and returns whether they were recorded. Its objects stay as they are.
DECLARE
    was_on boolean;
BEGIN
    DELETE FROM mirrors WHERE cluster = of_cluster;
    was_on := FOUND;
    IF was_on THEN
        PERFORM switch_mirror_triggers();
        DELETE FROM mirror_changes WHERE cluster = of_cluster;
    END IF;
    RETURN was_on;
END $$;
COMMENT ON FUNCTION mirror_off_v1 IS 'Stops recording changes for the mirror of a cluster.';
