-- Whether each range has a free address.
SELECT ordinal, cidr::text, available
  FROM rowhouse.available_v1(%(networks)s::text[], %(cidrs)s::cidr[], %(pools)s::text[],
                             %(segment_ranges)s::integer[], %(segment_firsts)s::inet[],
                             %(segment_lasts)s::inet[])
