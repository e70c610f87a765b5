CREATE VIEW stale_reservations AS
SELECT c.*, now() - c.reserved_at AS age
  FROM current_reservations c
 WHERE c.attachments = 0 AND c.owner_kind = 'pod' AND (NOT c.sticky OR c.expires_at <= now());
COMMENT ON VIEW stale_reservations IS 'Reservations of pods that no sandbox uses, though they are not sticky, or past their time.';
