CREATE FUNCTION expire_requests() RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    UPDATE requests r
       SET state = 'expired', decided_by = 'rowhouse', decided_at = clock_timestamp()
     WHERE r.id IN (SELECT o.id FROM requests o WHERE o.state = 'pending' AND o.expires_at <= clock_timestamp()
                     ORDER BY o.expires_at LIMIT 100 FOR UPDATE SKIP LOCKED);
END;
COMMENT ON FUNCTION expire_requests() IS
    'Ends pending requests that have expired. Each new request and each decision calls it; current_requests does not wait for it.';
