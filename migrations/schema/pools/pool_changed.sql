CREATE FUNCTION pool_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    run   record;
    held  bigint;
BEGIN
    -- One pool of a network at a time: coverage is computed from the other pools. NO KEY, since the
    -- foreign key of a new pool already locks the key, for every transaction that is creating a pool.
    PERFORM FROM networks WHERE id = coalesce(NEW.network_id, OLD.network_id) FOR NO KEY UPDATE;
    IF TG_OP <> 'DELETE' AND NEW.gateway IS NOT NULL THEN
        IF TG_OP = 'INSERT' OR host(NEW.gateway) IS DISTINCT FROM host(OLD.gateway) THEN
            PERFORM refuse_attached('the gateway ' || host(NEW.gateway), NEW.network_id,
                                    ARRAY[host(NEW.gateway)::inet], ARRAY[host(NEW.gateway)::inet]);
        END IF;
    END IF;
    IF TG_OP = 'INSERT' THEN
        FOR run IN SELECT * FROM uncovered_runs(NEW.network_id, NEW.cidr, NEW.id) LOOP
            PERFORM free_unless_withheld(NEW.network_id, run.run_first, run.run_last, '-infinity');
        END LOOP;
        INSERT INTO gateways (network_id, address, pool_id)
        SELECT NEW.network_id, host(NEW.gateway)::inet, NEW.id WHERE NEW.gateway IS NOT NULL;
        PERFORM record_change('pool.create', NEW.cidr::text, NULL, to_jsonb(NEW));
    ELSIF TG_OP = 'DELETE' THEN
        FOR run IN SELECT * FROM uncovered_runs(OLD.network_id, OLD.cidr, OLD.id) LOOP
            PERFORM withdraw_run(OLD.network_id, run.run_first, run.run_last);
        END LOOP;
        SELECT count(*) INTO held FROM reservations
         WHERE network_id = OLD.network_id AND address BETWEEN first_address(OLD.cidr) AND last_address(OLD.cidr)
           AND pool_id = OLD.id;
        IF held > 0 THEN
            RAISE EXCEPTION 'pool % of the % still holds % reservations', OLD.cidr,
                coalesce('network "' || nullif(OLD.network_name, '') || '"', 'default network'), held
                USING ERRCODE = error_code('in_the_way'), HINT = 'Release the reservations first.';
        END IF;
        PERFORM record_change('pool.delete', OLD.cidr::text, to_jsonb(OLD), NULL);
    ELSE
        IF NEW.network_id <> OLD.network_id AND current_reason() = 'JOIN'
           AND (NEW.id, NEW.network_name, NEW.cidr) = (OLD.id, OLD.network_name, OLD.cidr) THEN
            NULL; -- join_shared_space_v1() moves everything else
        ELSIF (NEW.id, NEW.network_id, NEW.network_name, NEW.cidr)
           IS DISTINCT FROM (OLD.id, OLD.network_id, OLD.network_name, OLD.cidr) THEN
            RAISE EXCEPTION 'the network and the CIDR of pool % cannot change', OLD.cidr
                USING ERRCODE = error_code('in_the_way'),
                      HINT = 'Create a pool with the other CIDR: overlapping pools share their free addresses.';
        END IF;
        SELECT coalesce(OLD.window_first, first_usable(NEW.cidr)) AS was_first, coalesce(OLD.window_last, last_usable(NEW.cidr)) AS was_last,
               coalesce(NEW.window_first, first_usable(NEW.cidr)) AS first, coalesce(NEW.window_last, last_usable(NEW.cidr)) AS last INTO run;
        IF run.first > run.was_first OR run.last < run.was_last THEN
            PERFORM refuse_attached('the new window of pool ' || NEW.cidr, NEW.network_id,
                                    ARRAY[run.was_first, CASE WHEN run.last < run.was_last THEN greatest(run.last + 1, run.was_first) END],
                                    ARRAY[CASE WHEN run.first > run.was_first THEN least(run.first - 1, run.was_last) END, run.was_last],
                                    NEW.id);
        END IF;
        IF host(NEW.gateway) IS DISTINCT FROM host(OLD.gateway) THEN
            DELETE FROM gateways WHERE pool_id = NEW.id AND cni_network IS NULL;
            INSERT INTO gateways (network_id, address, pool_id)
            SELECT NEW.network_id, host(NEW.gateway)::inet, NEW.id WHERE NEW.gateway IS NOT NULL;
        END IF;
        PERFORM record_change('pool.update', NEW.cidr::text, to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    IF TG_OP <> 'INSERT' AND NEW.network_id IS DISTINCT FROM OLD.network_id THEN
        PERFORM choose_plain_pools(ARRAY(SELECT p.id FROM pools p WHERE p.network_id + 0 = OLD.network_id AND p.cidr && OLD.cidr));
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.network_id = OLD.network_id THEN
        PERFORM choose_plain_pools(ARRAY[NEW.id]);
    ELSIF TG_OP <> 'DELETE' THEN
        -- It, and those that it overlaps.
        PERFORM choose_plain_pools(ARRAY(SELECT p.id FROM pools p WHERE p.network_id + 0 = NEW.network_id AND p.cidr && NEW.cidr));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION pool_changed() IS 'Trigger: updates free space, gateways and audit log after a change of a pool.';

CREATE TRIGGER pools_change AFTER INSERT OR UPDATE OR DELETE ON pools
    FOR EACH ROW EXECUTE FUNCTION pool_changed();
