-- Records the gateways of a network configuration.
SELECT host(address) FROM rowhouse.import_gateways_v1(%(actor)s, %(request_id)s, %(dry_run)s,
                                                      %(cni_network)s, %(network)s, %(cidr)s, %(isolated)s,
                                                      %(addresses)s::inet[]) AS address
