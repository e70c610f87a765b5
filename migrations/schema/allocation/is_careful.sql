CREATE FUNCTION is_careful() RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce(current_setting('rowhouse.careful', true), '') = 'on';
COMMENT ON FUNCTION is_careful() IS
    'Whether the call is a repetition that corrects history and free space first, because they refused it.';
