"""What the database knows, asked in the words of the model; and what a DBA may type."""

from __future__ import annotations

SPACE = "n.name, coalesce(n.isolated::text, '')"
FREE = f"""
SELECT {SPACE}, f.first, f.last, f.quarantined
  FROM free_ranges f JOIN networks n ON n.id = f.network_id
 WHERE n.name LIKE %s
"""
HELD = f"""
SELECT {SPACE}, r.address, r.owner_name, r.owner_interface, r.node, r.container_id, r.owner_uid,
       r.slot, r.sticky, ARRAY(SELECT a.container_id FROM attachments a
                                WHERE a.network_id = r.network_id AND a.address = r.address
                                ORDER BY a.attached_at)
  FROM reservations r JOIN networks n ON n.id = r.network_id
 WHERE n.name LIKE %s
"""
DUE = f"""
SELECT {SPACE}, f.first FROM free_ranges f JOIN networks n ON n.id = f.network_id
 WHERE n.name LIKE %(networks)s AND f.quarantined AND f.free_from <= clock_timestamp()
UNION ALL
SELECT {SPACE}, r.address FROM reservations r JOIN networks n ON n.id = r.network_id
 WHERE n.name LIKE %(networks)s AND r.expires_at <= clock_timestamp()
"""
HISTORY = f"""
SELECT {SPACE}, t.address, t.owner_name, t.owner_uid, t.container_id
  FROM tenures t JOIN networks n ON n.id = t.network_id
 WHERE n.name LIKE %s
 ORDER BY t.during
"""
DISAGREEMENTS = """
SELECT n.name, a.address, r.owner_name, w.name
  FROM (SELECT network_id, address FROM reservations UNION SELECT network_id, address FROM tenures) AS a
  JOIN networks n ON n.id = a.network_id
  LEFT JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
  LEFT JOIN LATERAL (SELECT * FROM who_had(a.address) h WHERE h.network_id = a.network_id) AS w ON true
 WHERE n.name LIKE %s AND (w.name, w.interface, w.uid, w.node, w.container_id)
       IS DISTINCT FROM (r.owner_name, r.owner_interface, r.owner_uid, r.node, r.container_id)
"""
# What the last jump left in the future, where nothing has happened since, is no fault of the allocator.
PROBLEMS = "SELECT * FROM integrity_problems WHERE problem <> 'tenure begins or ends in the future'"
RELEASE = f"""
DELETE FROM reservations r USING networks n
 WHERE n.id = r.network_id AND ({SPACE}) = (%s, %s) AND r.address = %s
"""
RESERVE = """
INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name, owner_cluster)
SELECT network_id, %s, id, 'static', %s, network_name FROM pools WHERE name = %s
"""
NAMED_POOL = """
WITH made AS (INSERT INTO networks (name) VALUES (%(name)s) RETURNING id)
INSERT INTO pools (network_id, network_name, cidr, name, gateway, reuse_delay)
SELECT id, %(name)s, %(cidr)s, %(name)s, %(gateway)s, '1 hour' FROM made
"""
FORGET = f"""
DELETE FROM gateways g USING networks n, pools p
 WHERE n.id = g.network_id AND p.id = g.pool_id
   AND ({SPACE}) = (%s, %s) AND g.address = %s AND p.cidr = %s AND g.cni_network = %s
"""
KEEP = """
INSERT INTO exclusions (network_id, first, last, requests_only)
SELECT id, %s, %s, true FROM networks WHERE name = %s AND isolated IS NULL
"""
KEEP_NO_LONGER = """
DELETE FROM exclusions e USING networks n
 WHERE n.id = e.network_id AND n.name = %s AND n.isolated IS NULL AND e.first = %s
"""
POOL = "SELECT id FROM pools WHERE network_name = %s AND cidr = %s"
NETWORK = f"SELECT n.id FROM networks n WHERE ({SPACE}) = (%s, %s)"
SET_GATEWAY = "UPDATE pools SET gateway = %s WHERE network_name = %s AND cidr = %s"
WINDOW = (
    "UPDATE pools SET window_first = %s, window_last = %s WHERE network_name = %s AND cidr = %s"
)
TIME_PASSES = (
    """UPDATE free_ranges SET free_from = clock_timestamp()
        WHERE quarantined AND free_from > clock_timestamp()""",
    """UPDATE reservations SET expires_at = clock_timestamp()
        WHERE expires_at > clock_timestamp()""",
)
