CREATE FUNCTION learn_gateways(of_cni_network text, networks text[], cidrs cidr[], pool_names text[], isolated boolean[],
                               gateway_ranges integer[], gateway_addresses inet[]) RETURNS void
LANGUAGE plpgsql AS $$
-- Records the gateways of a network configuration: gateway_addresses[i] is one of range gateway_ranges[i]. NULL means
-- the first address after the network address, which the main plugin uses if a named pool has no gateway. A gateway
-- outside its range counts too, because a larger range may contain it. (Of several named pools, which may be in several
-- networks, it counts for those that contain it.)
DECLARE
    unknown record;
    pool    pools;
BEGIN
    FOR unknown IN
        SELECT g.range, g.address FROM unnest(gateway_ranges, gateway_addresses) AS g (range, address)
         WHERE NOT EXISTS (SELECT FROM pools p JOIN gateways k ON k.pool_id = p.id
                            WHERE p.network_name = networks[g.range] AND p.cidr = cidrs[g.range]
                              AND k.address = g.address AND k.cni_network = of_cni_network)
         ORDER BY networks[g.range], cidrs[g.range], pool_names[g.range], g.address
    LOOP
        IF pool_names[unknown.range] IS NULL THEN
            pool := ensure_pool(networks[unknown.range], cidrs[unknown.range], isolated[unknown.range]);
        ELSE
            SELECT p.* INTO pool FROM pool_names n JOIN pools p ON p.id = n.pool_id WHERE n.name = pool_names[unknown.range];
            CONTINUE WHEN NOT FOUND;
            IF unknown.address IS NULL AND pool.gateway IS NULL AND first_address(pool.cidr) < last_address(pool.cidr) THEN
                unknown.address := first_address(pool.cidr) + 1;
            END IF;
        END IF;
        -- (Checked first, because every conflict would use up an id.)
        IF unknown.address IS NOT NULL
           AND (pool_names[unknown.range] IS NULL OR cardinality(cidrs) = 1 OR unknown.address <<= pool.cidr)
           AND NOT EXISTS (SELECT FROM gateways k WHERE k.pool_id = pool.id AND k.address = unknown.address
                              AND k.cni_network = of_cni_network) THEN
            INSERT INTO gateways (network_id, address, pool_id, cni_network)
            VALUES (pool.network_id, unknown.address, pool.id, of_cni_network) ON CONFLICT DO NOTHING;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION learn_gateways IS 'Records the gateways of a network configuration, so that they apply to all configurations with the same CIDR.';
