CREATE FUNCTION who_had(wanted inet, at timestamptz DEFAULT NULL)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The key is for the index, as in the exclusion constraint of tenures. The present is what is open, whatever the
    -- clock said when it was opened: only an open tenure has no end.
    SELECT * FROM address_history h
     WHERE address_key(h.address) = address_key(set_masklen(wanted, CASE family(wanted) WHEN 4 THEN 32 ELSE 128 END))
       AND h.address = set_masklen(wanted, CASE family(wanted) WHEN 4 THEN 32 ELSE 128 END)
       AND h.during @> CASE WHEN at < statement_timestamp() THEN at ELSE 'infinity' END ORDER BY h.network;
END;
COMMENT ON FUNCTION who_had(inet, timestamptz) IS
    'Who had an address at a moment, in every network; NULL, and every moment to come: who has it now.';
