CREATE FUNCTION ensure_pool(wanted_network text, wanted cidr, wants_isolation boolean) RETURNS pools
LANGUAGE plpgsql AS $$
-- The pool of this CIDR in this network; created if it does not exist. A pool's identity is its network and its CIDR, as
-- upstream. The first caller decides whether it has its own space; a later caller that shares its addresses moves it to
-- the shared space (join_shared_space_v1).
DECLARE
    found_pool pools;
    space      integer;
BEGIN
    SELECT * INTO found_pool FROM pools WHERE network_name = wanted_network AND cidr = wanted;
    IF FOUND THEN
        RETURN found_pool;
    END IF;
    -- Before the network is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    INSERT INTO networks (name, isolated)
    VALUES (wanted_network, CASE WHEN wants_isolation THEN wanted END) ON CONFLICT DO NOTHING;
    SELECT id INTO space FROM networks
     WHERE name = wanted_network AND isolated IS NOT DISTINCT FROM CASE WHEN wants_isolation THEN wanted END
       FOR NO KEY UPDATE;
    -- A pool that was drained when it was deleted is drained if a configuration recreates it.
    INSERT INTO pools (network_id, network_name, cidr, drained)
    SELECT space, wanted_network, wanted,
           coalesce((SELECT (l.before ->> 'drained')::boolean FROM audit_log l
                      WHERE l.object = wanted::text AND l.action = 'pool.delete' AND l.before ->> 'network_name' = wanted_network
                      ORDER BY l.id DESC LIMIT 1), false)
        ON CONFLICT DO NOTHING RETURNING * INTO found_pool;
    IF found_pool.id IS NULL THEN
        SELECT * INTO found_pool FROM pools WHERE network_name = wanted_network AND cidr = wanted;
    END IF;
    RETURN found_pool;
END $$;
COMMENT ON FUNCTION ensure_pool(text, cidr, boolean) IS 'The pool of a CIDR in a network; creates it if it does not exist.';
