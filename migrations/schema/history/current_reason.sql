-- rowhouse.command names the use case in progress (set by the stored functions for their own duration);
-- it is empty for a manual statement. rowhouse.actor and rowhouse.request_id are set for a
-- transaction by the server.

CREATE FUNCTION current_reason() RETURNS text
LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('rowhouse.command', true), ''), 'SQL');
COMMENT ON FUNCTION current_reason() IS 'The use case in progress; SQL for a manual statement.';
