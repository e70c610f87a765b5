-- Serves a batch of plain ADDs for one range, in one transaction.
SELECT ordinal, host(address)
  FROM rowhouse.attach_many_v1(%(clusters)s::text[], %(nodes)s::text[], %(container_ids)s::text[],
                               %(interfaces)s::text[], %(cni_networks)s::text[], %(namespaces)s::text[],
                               %(names)s::text[], %(uids)s::text[], %(network)s, %(cidr)s,
                               %(segment_firsts)s::inet[], %(segment_lasts)s::inet[],
                               gateway_addresses => %(gateway_addresses)s::inet[],
                               is_isolated => %(isolated)s,
                               reuse_delay => %(reuse_delay)s::float8 * interval '1 second',
                               max_wait => %(max_wait)s::integer)
