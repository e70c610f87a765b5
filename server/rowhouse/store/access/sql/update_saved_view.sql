-- Renames, shares or overwrites a view; NULL: that stays.
UPDATE rowhouse.saved_views
   SET name = coalesce(%(name)s, name), query = coalesce(%(query)s, query),
       is_shared = coalesce(%(is_shared)s, is_shared), saved_at = clock_timestamp()
 WHERE id = %(id)s
RETURNING id
