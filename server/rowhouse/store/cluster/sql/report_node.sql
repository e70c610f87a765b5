-- Store the report of a node's agent.
SELECT rowhouse.report_node_v1(%(cluster)s, %(node)s, %(plugin_version)s, %(agent_version)s, %(kept_dels)s,
                               %(kept_bytes)s, %(started_at)s)
