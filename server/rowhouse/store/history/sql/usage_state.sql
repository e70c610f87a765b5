-- Whether the history is so small that it is read as a whole, as in pool_fill(), and until when its usage is summed up.
SELECT pg_relation_size('rowhouse.tenures') < 32 * 1024 * 1024 AS is_small,
       (SELECT max(u.ends_at) FROM rowhouse.usage_periods u
         WHERE u.grouped_by = 'all' AND u.span = interval '15 minutes') AS summed_until
