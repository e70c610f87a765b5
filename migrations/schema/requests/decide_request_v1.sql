-- Errors: not_found, in_the_way, outdated, and those of reserve_v2.

CREATE FUNCTION decide_request_v1(actor text, request_id text, wanted integer, decision text, why text,
                                  force boolean DEFAULT false)
RETURNS SETOF requests
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Ends a request: approved (it reserves the addresses, in this transaction), declined or withdrawn. A repetition changes
-- nothing, so an approval never reserves twice. force: as in reserve_v2, such as for an address that has become a gateway.
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    asked   requests;
    got     inet[];
BEGIN
    PERFORM act_as(actor, request_id);
    -- Before the row is locked, in the order of a change of the pool: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    SELECT * INTO asked FROM requests r WHERE r.id = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no request %', wanted
            USING ERRCODE = error_code('not_found'), HINT = '`rowhouse request list` lists the existing ones.';
    END IF;
    IF asked.state = decision THEN
        RETURN NEXT asked;
        RETURN;
    END IF;
    IF asked.state <> 'pending' THEN
        RAISE EXCEPTION 'request % was already % by %', wanted, asked.state, asked.decided_by
            USING ERRCODE = error_code('in_the_way'), HINT = 'Send another request.';
    END IF;
    IF asked.expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'request % has expired', wanted
            USING ERRCODE = error_code('in_the_way'), HINT = 'Send another request.';
    END IF;
    IF decision = 'approved' THEN
        IF asked.pool_id IS NULL THEN
            RAISE EXCEPTION 'pool % of request % was deleted', asked.cidr, wanted
                USING ERRCODE = error_code('not_found'), HINT = 'Decline the request.';
        END IF;
        SELECT array_agg(made.address ORDER BY made.address) INTO got
          FROM reserve_v2(actor, request_id, asked.pool_id, asked.addresses, asked.how_many, asked.owner_kind,
                          asked.owner_cluster, asked.owner_namespace, asked.owner_name, asked.owner_interface,
                          asked.ttl, asked.description, force, asked.labels) AS made;
    END IF;
    UPDATE requests r
       SET state = decision, decided_by = actor, decided_at = clock_timestamp(), reason = why, granted = got
     WHERE r.id = wanted
    RETURNING * INTO asked;
    PERFORM expire_requests();
    RETURN NEXT asked;
END $$;
COMMENT ON FUNCTION decide_request_v1(text, text, integer, text, text, boolean) IS
    'Approves a request and reserves its addresses, declines or withdraws it; a repetition changes nothing.';
