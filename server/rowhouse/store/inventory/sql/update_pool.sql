-- Changes a pool and its aliases; no row if the pool was changed since it was read.
SELECT rowhouse.change_pool_v1(
    %(pool)s, %(version)s, %(name)s, %(gateway)s::inet, %(window_first)s::inet, %(window_last)s::inet,
    %(reuse_delay)s * interval '1 second', %(labels)s, %(description)s, %(drained)s, %(aliases)s)
