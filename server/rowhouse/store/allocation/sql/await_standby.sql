-- Writes a little, so that the commit waits for a synchronous standby. A call that found nothing to do wrote nothing.
-- What it found done may be on the primary alone: a commit that waited becomes visible when the primary restarts.
SELECT CASE WHEN current_setting('synchronous_standby_names') <> ''
            THEN pg_logical_emit_message(true, 'rowhouse', '') END
