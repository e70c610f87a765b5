CREATE FUNCTION current_actor() RETURNS text
LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('rowhouse.actor', true), ''), session_user::text);
COMMENT ON FUNCTION current_actor() IS 'Who acts: the caller that the server named, else the database user.';
