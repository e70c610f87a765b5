CREATE FUNCTION await_due(wanted_network integer, firsts inet[], lasts inet[]) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Whether the caller should look again for a free address of some segments before it answers "none":
-- release_expired() and end_quarantines() skip addresses that another session is freeing, and stop after a number of
-- them. Frees expired ones, and waits for a session that is freeing them.
BEGIN
    PERFORM end_misdated_quarantines(wanted_network, firsts, lasts);
    IF NOT free_or_due(wanted_network, firsts, lasts) THEN
        RETURN false;
    END IF;
    PERFORM FROM free_ranges f
      WHERE f.network_id = wanted_network AND f.quarantined AND f.free_from <= (SELECT clock_timestamp())
        AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE f.last >= s.first AND f.first <= s.last)
      ORDER BY f.free_from LIMIT 1 FOR UPDATE OF f;
    PERFORM FROM reservations r
      WHERE r.network_id = wanted_network AND r.expires_at <= (SELECT clock_timestamp())
        AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE r.address BETWEEN s.first AND s.last)
        AND NOT EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address)
      ORDER BY r.expires_at LIMIT 1 FOR UPDATE OF r;
    PERFORM release_expired(wanted_network, 1000);
    PERFORM end_quarantines(wanted_network, 1000);
    RETURN true;
END $$;
COMMENT ON FUNCTION await_due(integer, inet[], inet[]) IS
    'Whether an address of some segments is free, or will be as soon as a session that is freeing it ends; waits for that session.';
