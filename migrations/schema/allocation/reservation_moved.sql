CREATE FUNCTION reservation_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Frees the old address of a moved reservation, as a release does.
BEGIN
    PERFORM give_back(OLD.network_id, OLD.address, clock_timestamp(),
                      (SELECT greatest(p.reuse_delay, OLD.reuse_delay) FROM pools p WHERE p.id = OLD.pool_id),
                      owner_key(OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name, OLD.owner_interface));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION reservation_moved() IS 'Trigger: returns the old address of a moved reservation to the free space.';

CREATE TRIGGER reservations_move AFTER UPDATE ON reservations
    FOR EACH ROW WHEN ((NEW.network_id, NEW.address) <> (OLD.network_id, OLD.address))
    EXECUTE FUNCTION reservation_moved();
