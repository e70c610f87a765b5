-- Ends the attachments of the sandboxes of one or several DELs.
SELECT ordinal, host(address), released
  FROM rowhouse.detach_many_v1(%(clusters)s::text[], %(container_ids)s::text[], %(interfaces)s::text[],
                               %(only_nodes)s::text[], %(reason)s, %(max_wait)s::integer)
