CREATE FUNCTION is_careful() RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce(current_setting('rowhouse.careful', true), '') = 'on';
COMMENT ON FUNCTION is_careful() IS
    'Whether the call is repeated after the history or the free space refused it: correct them first.';
