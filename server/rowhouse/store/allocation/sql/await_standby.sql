-- Writes a small WAL record, so that the commit waits for a synchronous standby. A call with nothing to do writes
-- nothing, but the state it saw may exist only on the primary: after a restart of the primary, a commit that was still
-- waiting is visible.
SELECT CASE WHEN current_setting('synchronous_standby_names') <> ''
            THEN pg_logical_emit_message(true, 'rowhouse', '') END
