CREATE FUNCTION refuse_taken(of_network integer, wanted inet, range_no integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    holder reservations;
BEGIN
    SELECT * INTO holder FROM reservations r WHERE r.network_id = of_network AND r.address = wanted;
    IF FOUND THEN
        RAISE EXCEPTION 'requested address % is in use by %', host(wanted),
            concat_ws('/', nullif(holder.owner_namespace, ''), holder.owner_name)
            USING ERRCODE = error_code('address_taken'), DETAIL = range_no,
                  HINT = 'Request another address, or have its owner release it: `rowhouse explain` shows the owner.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_taken(integer, inet, integer) IS 'Raises address_taken if an address is reserved.';
