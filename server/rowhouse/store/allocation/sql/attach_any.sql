-- Reserves and attaches an address for each range of one ADD, for an owner of any kind, with a requested MAC address or candidates.
SELECT ordinal, network_name, cidr::text, host(address), masklen(cidr), host(gateway), created, rival
  FROM rowhouse.attach_v2(%(owner_kind)s::rowhouse.owner_kind, %(owner_name)s, %(owner_interface)s,
                          %(object_kind)s::text, %(object_name)s::text,
                          %(cluster)s, %(node)s, %(container_id)s, %(interface)s, %(cni_network)s,
                          %(namespace)s, %(name)s, %(uid)s, %(sticky)s,
                          %(sticky_ttl)s::float8 * interval '1 second', %(networks)s::text[],
                          %(cidrs)s::cidr[], %(pools)s::text[], %(isolated)s::boolean[],
                          %(requested)s::inet[], %(slots)s::integer[], %(slice_sizes)s::integer[],
                          %(segment_ranges)s::integer[], %(segment_firsts)s::inet[],
                          %(segment_lasts)s::inet[], %(strict)s,
                          gateway_ranges => %(gateway_ranges)s::integer[],
                          gateway_addresses => %(gateway_addresses)s::inet[],
                          reuse_delay => %(reuse_delay)s::float8 * interval '1 second',
                          bound_node => %(bound_node)s::text, placement => %(placement)s,
                          max_wait => %(max_wait)s::integer, mac => %(mac)s::macaddr,
                          candidate_ranges => %(candidate_ranges)s::integer[],
                          candidate_names => %(candidate_names)s::text[],
                          may_share => %(may_share)s, object_uid => %(object_uid)s::text)
