CREATE FUNCTION reservation_released() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Once for all rows of a statement.
DECLARE
    released record;
    is_free  boolean;
    moment   timestamptz := clock_timestamp();
    by_hand  boolean := current_reason() = 'SQL';
    run      free_ranges; -- addresses that follow each other, not yet in the free space
BEGIN
    FOR released IN
        -- An open tenure that becomes shorter meets no other one.
        WITH closed AS (
            UPDATE tenures t
               SET during = tstzrange(lower(t.during), moment), ended_by = current_actor(), end_reason = current_reason()
             -- (an array, because a transition table has no statistics, and a join with it may read all tenures)
             WHERE t.id = ANY (ARRAY(SELECT g.tenure_id FROM gone g))
               AND upper_inf(t.during) AND lower(t.during) < moment
            RETURNING t.id)
        -- (For the others, the clock was set back or the tenure was removed: a release succeeds anyway.)
        SELECT g.network_id, g.address, closed.id IS NOT NULL AS is_closed, is_careful() AS is_careful,
               greatest((SELECT p.reuse_delay FROM pools p WHERE p.id = g.pool_id), g.reuse_delay) AS delay,
               owner_key(g.owner_cluster, g.owner_namespace, g.owner_name, g.owner_interface) AS owner
          FROM gone g LEFT JOIN closed ON closed.id = g.tenure_id
         ORDER BY g.network_id, g.address
    LOOP
        IF NOT released.is_closed THEN
            PERFORM settle_tenures(released.network_id, released.address, moment);
        END IF;
        IF by_hand AND NOT released.is_careful AND coalesce(released.delay, '0') = '0' THEN
            -- A statement may release 100,000 addresses: neighbors return as one run, because each single return would read
            -- the dead rows of all earlier ones in this transaction.
            CONTINUE WHEN is_withheld(released.network_id, released.address);
            IF run.last IS NULL OR run.network_id <> released.network_id OR family(run.last) <> family(released.address)
               OR run.last + 1 <> released.address THEN
                IF run.last IS NOT NULL THEN
                    PERFORM free_run(run.network_id, run.first, run.last, moment);
                END IF;
                run.network_id := released.network_id;
                run.first := released.address;
            END IF;
            run.last := released.address;
        ELSIF NOT released.is_careful THEN
            -- (An assignment, because PERFORM would be another statement.)
            is_free := give_back(released.network_id, released.address, moment, released.delay, released.owner);
        ELSE
            BEGIN
                PERFORM give_back(released.network_id, released.address, moment, released.delay, released.owner);
            EXCEPTION WHEN integrity_constraint_violation THEN
                -- A release succeeds even if the free space is damaged: integrity_problems has the address.
                PERFORM record_change('free_range.refuse', host(released.address), NULL, jsonb_build_object('error', SQLERRM));
            END;
        END IF;
    END LOOP;
    IF run.last IS NOT NULL THEN
        PERFORM free_run(run.network_id, run.first, run.last, moment);
    END IF;
    IF by_hand THEN
        PERFORM record_changes('reservation.delete', array_agg(b.before ORDER BY b.number), NULL)
           FROM (SELECT to_jsonb(g) AS before, g.network_id, g.owner_cluster,
                        row_number() OVER (PARTITION BY g.network_id, g.owner_cluster ORDER BY g.address) - 1 AS number
                   FROM gone g) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION reservation_released() IS 'Trigger: updates free space, history and audit log for deleted reservations.';

CREATE TRIGGER reservations_delete AFTER DELETE ON reservations REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION reservation_released();
