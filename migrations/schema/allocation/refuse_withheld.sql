CREATE FUNCTION refuse_withheld(of_network integer, wanted inet, range_no integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    why text := why_withheld(of_network, wanted);
BEGIN
    RAISE EXCEPTION 'requested address % is %', host(wanted), why
        USING ERRCODE = error_code('address_outside_ranges'),
              DETAIL = jsonb_build_object('range', range_no, 'held_by', why,
                                          'message', 'requested address ' || host(wanted) || ' is not assigned to pods'),
              HINT = 'Request another address. Operators see the reason: `rowhouse explain ' || host(wanted) || '`.';
END $$;
COMMENT ON FUNCTION refuse_withheld IS 'Raises address_outside_ranges: a requested address is excluded, a gateway, or for requests only.';
