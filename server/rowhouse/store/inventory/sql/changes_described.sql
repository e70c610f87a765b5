-- The latest changes whose object or whose words contain a text, in any case: the description of a reservation, the
-- reason of an exclusion. Only the latest entries are read, because no index finds a part of a text.
SELECT id, at, actor, action, object, object_key, network, description
  FROM (SELECT id, at, actor, action, object, object_key, network,
               coalesce(nullif(after ->> 'description', ''), nullif(after ->> 'reason', ''),
                        nullif(before ->> 'description', ''), before ->> 'reason', '') AS description
          FROM rowhouse.audit_log ORDER BY at DESC, id DESC LIMIT :read) AS latest
 WHERE strpos(lower(description), :text) > 0
 ORDER BY at DESC, id DESC
 LIMIT :most
