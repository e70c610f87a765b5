CREATE FUNCTION who_had(wanted inet, at timestamptz DEFAULT NULL)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The keys are for the indexes, as in tenures_of(). The present is what is open, whatever the clock said when it
    -- was opened: only an open tenure has no end.
    SELECT * FROM address_history h
     WHERE family(wanted) = 4 AND family(h.address) = 4
       AND network_key(h.network_id, h.address) <@ network_keys(set_masklen(wanted, 32))
       AND h.during @> CASE WHEN at < statement_timestamp() THEN at ELSE 'infinity' END
    UNION ALL
    SELECT * FROM address_history h
     WHERE family(wanted) = 6 AND family(h.address) = 6
       AND address_key(h.address) = address_key(wanted)
       AND h.address = CASE family(wanted) WHEN 6 THEN set_masklen(wanted, 128) END
       AND h.during @> CASE WHEN at < statement_timestamp() THEN at ELSE 'infinity' END
     ORDER BY network;
END;
COMMENT ON FUNCTION who_had(inet, timestamptz) IS
    'The owner of an address at a time, in every network; NULL, or a time in the future: the current owner.';
