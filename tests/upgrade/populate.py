"""Makes the dump of a release: `python -m upgrade.populate FILE`, once, at the release (`make upgrade-dump`).

Every table has rows, made as a cluster makes them: CNI calls, the API, the command line and the controller. What they
make only on demand or over days (sessions, samples of fill, an import) is added by the functions that do it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from rowhouse.app import create_app
from rowhouse.embedded import EmbeddedPostgres
from rowhouse.settings import Settings
from rowhouse.store.connection import schema

if TYPE_CHECKING:
    from flask.testing import FlaskClient

VERSION = 16
"""PostgreSQL's, the oldest at hand: a newer one restores what an older one dumps."""

DERIVED = {"plain_pools"}
"""Follows from other tables, and is empty while new addresses are held back, as they are in the dump."""

_NOT_OLD = re.compile(r"^(\\(un)?restrict .*|SET transaction_timeout = .*)\n", re.MULTILINE)
"""psql's own commands, and settings that PostgreSQL 15 does not know."""

_BEFORE = ("SELECT mirror_on_v1('prod-a', 'kube-system')",)
_AFTER = (
    """SELECT note_allocation_failures_v1('{prod-a}', '{shop}', '{late-0}', '{net1}', '{node1}', '{uid-late-0}',
                               '{no free address}', '{3}', '{PoolExhausted}')""",
    """INSERT INTO tokens (name, role, cluster, node, digest)
       VALUES ('team', 'operator', NULL, NULL, sha256('rh_team')),
              ('node1', 'node', 'prod-a', 'node1', sha256('rh_node1'))""",
    """INSERT INTO sessions (digest, token_id, expires_at)
       SELECT sha256('a browser'), id, '2099-01-01' FROM tokens WHERE name = 'team'""",
    """SELECT attach_v2('virtual_machine', 'db', 'net1', 'VirtualMachine', 'db', 'prod-a', 'node1', 'c-db-' || n,
                        'net1', 'lan', 'shop', 'db-' || n, 'uid-db-' || n, true, NULL, '{""}', '{10.8.0.0/24}',
                        '{NULL}', '{false}', '{NULL}', '{0}', '{NULL}', '{1}', '{10.8.0.1}', '{10.8.0.254}', false)
         FROM generate_series(1, 2) AS n""",
    "SELECT detach_many_v1('{prod-a}', '{c-db-1}', '{net1}', '{node1}', 'DEL')",
    "SELECT import_pool_v1('import', 'r', false, 'prod-a', '', '10.7.0.0/24', false, '{}', '{}')",
    """SELECT import_addresses_v1('import', 'r', false, 'prod-a', '', '10.7.0.0/24', false,
           '[{"n": 0, "address": "10.7.0.4", "kind": "pod", "namespace": "shop", "name": "old-0", "interface": "",
              "description": "", "sandboxes": [["c-old-0", "", ""]]}]')""",
    "SELECT hold_v1('import', 'r', 'a restore')",
    "SELECT import_read_v1('', '10.7.0.0/24')",
    "SELECT sample_fill_v1()",
    "SELECT sum_usage_v1()",
    "SELECT report_node_v1('prod-a', 'node1', '0.1.0', '0.1.0', 1, 512, '2026-01-01')",
)
"""What a cluster makes over days, or on demand."""


def populate(client: FlaskClient, session: psycopg.Connection[Any]) -> None:
    """Uses an empty database for what it is for."""
    for statement in _BEFORE:
        session.execute(statement.encode())
    cluster = _Cluster(client)
    pool = cluster.made("pools", {"cidr": "10.1.0.0/24", "name": "web", "gateway": "10.1.0.1"})
    cluster.made("pools", {"cidr": "10.2.0.0/28", "network": "storage", "labels": {"team": "data"}})
    for number in range(40):
        cluster.call("ADD", f"web-{number}", {"pool": "web"}, node=f"node{number % 5}")
    for number in range(0, 40, 3):
        cluster.call("DEL", f"web-{number}", {"pool": "web"}, node=f"node{number % 5}")
    storage = {"range": "10.2.0.0/28", "network_name": "storage", "sticky": True}
    for number in range(3):
        cluster.call("ADD", f"store-{number}", storage | {"sticky_ttl": "7d"})
    cluster.call("DEL", "store-1", storage)
    cluster.call("ADD", "dual-0", {"ipRanges": [{"range": "10.3.0.0/24"}, {"range": "fd03::/64"}]})
    cluster.call("ADD", "slow-0", {"range": "10.4.0.0/29", "reuse_delay": "365d"})
    cluster.call("DEL", "slow-0", {"range": "10.4.0.0/29", "reuse_delay": "365d"})
    cluster.call("ADD", "routed-0", {"range": "10.5.0.0/24", "gateway": "10.5.0.254"})
    cluster.call("ADD", "sliced-0", {"range": "10.6.0.0/16", "node_slice_size": "/24"})
    own = {"range": "10.1.0.0/24", "enable_overlapping_ranges": False, "network_name": "own"}
    cluster.call("ADD", "alone-0", own)
    owner = {"kind": "static", "name": "printer"}
    cluster.made(
        "reservations",
        {
            "pool_id": pool["id"],
            "addresses": ["10.1.0.99"],
            "owner": owner,
            "description": "ticket 4711",
        },
    )
    kept = {
        "kind": "pod",
        "cluster": "prod-a",
        "namespace": "shop",
        "name": "kept-0",
        "interface": "net1",
    }
    cluster.made(
        "reservations", {"pool_id": pool["id"], "count": 2, "owner": kept, "ttl": 31536000}
    )
    span = {"network_id": pool["network_id"], "first": "10.1.0.200", "last": "10.1.0.210"}
    cluster.made("exclusions", span | {"reason": "old routers"})
    cluster.made("quotas", {"namespace": "shop", "addresses": 200})
    cluster.made("quotas", {"namespace": "shop", "pool_id": pool["id"], "addresses": 100})
    cluster.made("comments", {"pool_id": pool["id"], "text": "moves to the new rack in May"})
    view = {"table": "reservations", "name": "printers", "query": "q=printer", "shared": True}
    cluster.made("views", view)
    asked = {"pool_id": pool["id"], "count": 1, "owner": {"namespace": "shop", "name": "scanner"}}
    cluster.made("requests", asked)
    for statement in _AFTER:
        session.execute(statement.encode())


class _Cluster:
    """Calls as nodes and operators make them."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client
        self._keys = 0

    def call(self, command: str, pod: str, ipam: dict[str, Any], *, node: str = "node1") -> None:
        """A CNI call of a pod, which must succeed."""
        document = {"cniVersion": "1.0.0", "name": "lan", "ipam": {"type": "rowhouse", **ipam}}
        arguments = f"K8S_POD_NAMESPACE=shop;K8S_POD_NAME={pod};K8S_POD_UID=uid-{pod}"
        headers = {
            "HTTP_CNI_COMMAND": command,
            "HTTP_CNI_CONTAINERID": f"c-{pod}",
            "HTTP_CNI_NETNS": "/ns",
            "HTTP_CNI_IFNAME": "net1",
            "HTTP_CNI_ARGS": f"IgnoreUnknown=1;{arguments}",
            "HTTP_ROWHOUSE_NODE": node,
            "HTTP_ROWHOUSE_CLUSTER": "prod-a",
        }
        answer = self._client.post("/cni", data=json.dumps(document), environ_base=headers)
        if answer.status_code != 200:
            raise RuntimeError(f"{command} {pod}: {answer.text}")

    def made(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """What a POST of the API made."""
        self._keys += 1
        answer = self._client.post(
            f"/api/v1/{kind}", json=body, headers={"Idempotency-Key": f"populate-{self._keys}"}
        )
        if answer.status_code not in {200, 201}:
            raise RuntimeError(f"{kind} {body}: {answer.text}")
        return dict(answer.get_json())


def made(server: EmbeddedPostgres, url: str, conninfo: str) -> str:
    """The dump of an empty database, after its use. Errors: RuntimeError if a table has stayed empty."""
    schema.upgrade(url)
    app = create_app(Settings(database_url=url, pool_size=2))
    try:
        with psycopg.connect(
            conninfo, autocommit=True, options="-c search_path=rowhouse"
        ) as session:
            populate(app.test_client(), session)
            named = set(tables(session)) - DERIVED
            if empty := [name for name in sorted(named) if not _has_rows(session, name)]:
                raise RuntimeError(f"no row in {', '.join(empty)}")
    finally:
        app.extensions["rowhouse"].store.close()
    return dump(server.bindir, conninfo, "--inserts", "--rows-per-insert=100")


def main() -> None:
    """Writes the file."""
    with EmbeddedPostgres(None, version=VERSION) as server:
        server.create_database("release")
        dumped = made(server, server.url("release"), server.conninfo("release"))
    Path(sys.argv[1]).write_text(dumped, encoding="utf-8")


def dump(bindir: Path, conninfo: str, *options: str) -> str:
    """The schema `rowhouse` as plain SQL that any client and PostgreSQL 15 can execute."""
    ran = subprocess.run(
        [bindir / "pg_dump", "--schema=rowhouse", *options, conninfo],
        capture_output=True,
        text=True,
        check=True,
    )
    return _NOT_OLD.sub("", ran.stdout)


def tables(session: psycopg.Connection[Any]) -> list[str]:
    """All tables of the schema."""
    found = session.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'rowhouse'::regnamespace AND relkind = 'r' ORDER BY 1"
    )
    return [name for (name,) in found]


def _has_rows(session: psycopg.Connection[Any], table: str) -> bool:
    return session.execute(f"SELECT FROM {table} LIMIT 1".encode()).fetchone() is not None


if __name__ == "__main__":
    main()
