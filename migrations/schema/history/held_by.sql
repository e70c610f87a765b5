CREATE FUNCTION held_by(wanted_namespace text, wanted_name text)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM address_history h
     WHERE h.namespace = wanted_namespace AND h.name = wanted_name ORDER BY h.held_from, h.address;
END;
COMMENT ON FUNCTION held_by(text, text) IS 'Every address that a pod (or another owner) holds or has held.';
