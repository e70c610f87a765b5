CREATE FUNCTION is_forced() RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce(current_setting('rowhouse.force', true), '') = 'on';
COMMENT ON FUNCTION is_forced() IS
    'Whether the caller forces a change that affects running sandboxes or takes a gateway: SET rowhouse.force = ''on''.';
