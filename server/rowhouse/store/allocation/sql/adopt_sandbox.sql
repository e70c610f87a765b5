-- Completes the imported attachments that a DEL unambiguously means.
SELECT rowhouse.adopt_sandbox_v1(%(cluster)s, %(container_id)s, %(interface)s, %(node)s, %(only_node)s,
                                 %(is_verified)s, %(namespace)s, %(name)s, %(uid)s, %(networks)s::text[],
                                 %(cidrs)s::cidr[])
