CREATE FUNCTION import_gateways_v1(
    actor text, request_id text, only_look boolean, of_cni_network text, wanted_network text, wanted cidr, isolated boolean,
    addresses inet[])
RETURNS SETOF inet
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- Records the gateways of a network configuration before its first ADD; returns those that were not known.
DECLARE
    command text := set_config('rowhouse.command', 'IMPORT', true);
    unknown inet[];
BEGIN
    PERFORM act_as(actor, request_id);
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    unknown := ARRAY(SELECT a FROM unnest(addresses) AS a
                      WHERE NOT knows_gateways(of_cni_network, wanted_network, wanted, ARRAY[a]));
    IF NOT only_look AND unknown <> '{}' THEN
        PERFORM learn_gateways(of_cni_network, ARRAY[wanted_network], ARRAY[wanted], ARRAY[NULL]::text[], ARRAY[isolated],
                               array_fill(1, ARRAY[cardinality(unknown)]), unknown);
    END IF;
    RETURN QUERY SELECT unnest(unknown);
END $$;
COMMENT ON FUNCTION import_gateways_v1 IS 'Import of running pods: records the gateways of a network configuration.';
