-- A page of the owners whose addresses a Kubernetes object keeps.
SELECT kind::text, namespace, name, object_kind, object_name, object_uid, is_idle
  FROM rowhouse.idle_owners_v1(%(cluster)s, %(after_kind)s::rowhouse.owner_kind, %(after_namespace)s, %(after_name)s,
                               %(limit)s)
