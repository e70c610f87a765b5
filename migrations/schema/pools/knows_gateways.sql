CREATE FUNCTION knows_gateways(of_cni_network text, network text, cidr cidr, addresses inet[]) RETURNS boolean
LANGUAGE sql STABLE
RETURN NOT EXISTS (
    SELECT FROM unnest(addresses) AS own (address)
     WHERE NOT EXISTS (SELECT FROM rowhouse.pools p JOIN rowhouse.gateways g ON g.pool_id = p.id
                        WHERE p.network_name = network AND p.cidr = knows_gateways.cidr
                          AND g.address = own.address AND g.cni_network = of_cni_network));
COMMENT ON FUNCTION knows_gateways IS 'Whether every gateway of a network configuration for a range is recorded.';
