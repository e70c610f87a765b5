-- Before an ADD: gives an interface the addresses that its pod holds without an interface.
SELECT rowhouse.adopt_owner_v1(%(cluster)s, %(namespace)s, %(name)s, %(interface)s, %(networks)s::text[],
                               %(cidrs)s::cidr[], %(only_node)s, %(is_verified)s, %(known)s::inet[],
                               %(can_ask)s)
