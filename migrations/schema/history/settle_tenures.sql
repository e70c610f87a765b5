CREATE FUNCTION settle_tenures(of_network integer, of_address inet, moment timestamptz, kept bigint DEFAULT NULL)
RETURNS timestamptz
LANGUAGE plpgsql AS $$
-- Makes room in the history of an address from a moment on, and returns the moment. Usually there is room: the
-- cost is one index probe. If the clock was set back, tenures begin or end after the moment; they move before it, in
-- their order, each at least a microsecond long. An open tenure ends at the moment, except the one with the id
-- "kept", which begins no later than the moment. Each correction is a line of the audit log.
--
-- The caller holds the reservation of the address, or the free run that it is in.
DECLARE
    tenure  tenures;
    latest  timestamptz := moment;
    before  tenures[];
    span    tstzrange;
    spans   tstzrange[];
    settled tenures;
BEGIN
    IF NOT EXISTS (SELECT FROM tenures_of(of_network, of_address) t
                    WHERE t.during && tstzrange(moment, NULL) AND t.id IS DISTINCT FROM kept)
       AND NOT EXISTS (SELECT FROM tenures t WHERE t.id = kept AND lower(t.during) > moment) THEN
        RETURN moment;
    END IF;
    FOR tenure IN
        SELECT * FROM tenures_of(of_network, of_address) t
         WHERE NOT isempty(t.during)
         ORDER BY t.during DESC
    LOOP
        IF tenure.id = kept THEN
            CONTINUE WHEN lower_inf(tenure.during) OR lower(tenure.during) <= latest;
            span := tstzrange(latest, NULL);
        ELSE
            EXIT WHEN tenure.during << tstzrange(latest, NULL);
            span := tstzrange(CASE WHEN NOT lower_inf(tenure.during)
                                   THEN least(lower(tenure.during), latest - interval '1 microsecond') END, latest);
            latest := lower(span);
        END IF;
        before := before || tenure;
        spans := spans || span;
        EXIT WHEN latest IS NULL;
    END LOOP;
    -- The earliest first: so no tenure meets another one on its way.
    FOR i IN REVERSE coalesce(cardinality(before), 0) .. 1 LOOP
        UPDATE tenures t
           SET during = spans[i],
               ended_by = CASE WHEN upper_inf(spans[i]) THEN t.ended_by ELSE coalesce(t.ended_by, current_actor()) END,
               end_reason = CASE WHEN upper_inf(spans[i]) THEN t.end_reason ELSE coalesce(t.end_reason, current_reason()) END
         WHERE t.id = before[i].id
        RETURNING t.* INTO settled;
        PERFORM record_change('tenure.correct', host(of_address), to_jsonb(before[i]), to_jsonb(settled));
    END LOOP;
    RETURN moment;
END $$;
COMMENT ON FUNCTION settle_tenures(integer, inet, timestamptz, bigint) IS
    'Makes room in the history of an address from a time on, after the clock was set back or a tenure was left open.';
