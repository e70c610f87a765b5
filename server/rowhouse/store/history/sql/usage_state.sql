-- Whether the history is so small that it is read as a whole, as in pool_fill(), and until when its usage is summed up.
SELECT rowhouse.history_is_small() AS is_small,
       (SELECT max(u.ends_at) FROM rowhouse.usage_periods u
         WHERE u.grouped_by = 'all' AND u.span = interval '15 minutes') AS summed_until
