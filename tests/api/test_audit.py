"""The audit log: the same act is the same entry, whether the API did it or a person typed SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg import sql

from rowhouse.domain.administration import Actor
from rowhouse.store.access import tokens
from rowhouse.store.allocation import importing

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from api.conftest import Api
    from rowhouse.store.connection.database import Database as Store

    Dba = psycopg.Connection[TupleRow]

COLUMNS = ("action", "object_type", "object", "network", "cluster", "row_count")
WHAT = "SELECT action, object_type, object, network, cluster, row_count, object_key FROM audit_log"
MADE = """
INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name)
SELECT network_id, '10.0.0.9', id, 'static', 'printer' FROM pools
"""
STATEMENTS = (
    "INSERT INTO networks (name) VALUES ('storage')",
    """INSERT INTO pools (network_id, network_name, cidr)
       SELECT id, name, '10.0.0.0/24' FROM networks""",
    "UPDATE pools SET drained = true",
    MADE,
    "UPDATE reservations SET owner_name = 'scanner'",
    "DELETE FROM reservations",
    "INSERT INTO exclusions (network_id, first, last) SELECT network_id, '10.0.0.3', '10.0.0.4' FROM pools",
    "DELETE FROM exclusions",
    "INSERT INTO quotas (namespace, pool_id, addresses) SELECT 'shop', id, 5 FROM pools",
    "UPDATE quotas SET addresses = 6",
    "DELETE FROM quotas",
    "DELETE FROM pools",
    "DELETE FROM networks",
    "INSERT INTO tokens (name, role, digest, cluster) VALUES ('n', 'node', sha256('1'), 'prod-a')",
    "UPDATE tokens SET revoked_at = now()",
    "INSERT INTO assignment_hold (reason, actor) VALUES ('restore', 'carol')",
    "DELETE FROM assignment_hold",
)


def by_api(api: Api, store: Store) -> None:
    """What the statements do, as the API and the command line do it."""
    pool = api.pool(network="storage")
    api.patch(f"pools/{pool['id']}", drained=True)
    api.reserve(pool, addresses=["10.0.0.9"])
    path = f"reservations/{pool['network_id']}/10.0.0.9"
    api.post(f"{path}/reassign", owner={"name": "scanner"})
    api.delete(path)
    made = api.post("exclusions", network_id=pool["network_id"], first="10.0.0.3", last="10.0.0.4")
    api.delete(f"exclusions/{made['id']}")
    quota = api.post("quotas", namespace="shop", pool_id=pool["id"], addresses=5)
    api.patch(f"quotas/{quota['id']}", addresses=6)
    api.delete(f"quotas/{quota['id']}")
    api.delete(f"pools/{pool['id']}")
    api.delete(f"networks/{pool['network_id']}")
    tokens.create(store, name="n", role="node", digest=b"1" * 32, cluster="prod-a", actor="ada")
    tokens.revoke(store, "n", actor="ada")
    actor = Actor(name="ada")
    assert importing.hold(store, actor, "restore")
    assert importing.resume(store, actor)


def test_one_act_has_one_verb_whether_by_sql_or_api(api: Api, store: Store, dba: Dba) -> None:
    by_api(api, store)
    entries = reversed(api.items("audit?limit=100"))
    told = [tuple(entry[name] for name in COLUMNS) for entry in entries]
    dba.execute("DELETE FROM tokens")  # the name must be free again
    [(last,)] = dba.execute("SELECT max(id) FROM audit_log")
    for statement in STATEMENTS:
        dba.execute(sql.SQL(statement))
    typed = dba.execute(f"{WHAT} WHERE id > %s ORDER BY id", (last,)).fetchall()
    assert [row[:6] for row in typed] == told
    assert {row[0].partition(".")[2] for row in typed} == {"create", "update", "reassign", "delete"}
    assert [row for row in typed if row[6] is None] == []
    assert {row[3] for row in typed if row[1] == "reservation"} == {"storage"}
    assert {row[4] for row in typed if row[1] == "token"} == {"prod-a"}


def test_entries_are_found_by_network_cluster_and_type(api: Api) -> None:
    pool = api.pool(network="storage")
    api.pool("10.1.0.0/24")
    owner = {"kind": "pod", "name": "db", "namespace": "shop", "cluster": "prod-a"}
    owner["interface"] = "net1"
    api.reserve(pool, owner=owner)
    assert {entry["network"] for entry in api.items("audit?network=storage")} == {"storage"}
    assert {entry["network"] for entry in api.items("audit?network=")} == {""}
    [entry] = api.items("audit?cluster=prod-a&object_type=reservation")
    key = {"network_id": pool["network_id"], "address": "10.0.0.1"}
    assert (entry["object_key"], entry["network"]) == (key, "storage")
    assert api.items("audit?cluster=") == []


@pytest.mark.parametrize(
    ("change", "action"),
    [
        ("DELETE FROM reservations", "reservation.delete"),
        ("UPDATE tenures SET node = 'elsewhere'", "tenure.update"),
        ("DELETE FROM tenures", "tenure.delete"),
    ],
)
def test_the_rows_of_a_large_statement_share_lines_that_keep_them_all(
    api: Api, dba: Dba, change: str, action: str
) -> None:
    pool = api.pool("10.0.0.0/16")
    insert = """INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name)
                SELECT network_id, '10.0.1.0'::inet + i, id, 'static', 'device ' || i
                  FROM pools, generate_series(0, 2249) AS i"""
    dba.execute(insert)
    before = dba.execute("SELECT address::inet FROM reservations ORDER BY 1").fetchall()
    dba.execute(sql.SQL(change))
    for act in ("reservation.create", action):
        lines = dba.execute(
            "SELECT object, row_count, object_key, network FROM audit_log WHERE action = %s ORDER BY id",
            (act,),
        ).fetchall()
        assert lines == [
            ("10.0.1.0-10.0.4.231", 1000, None, ""),
            ("10.0.4.232-10.0.8.207", 1000, None, ""),
            ("10.0.8.208-10.0.9.201", 250, None, ""),
        ]
        spread = "SELECT object::inet FROM audit_changes WHERE action = %s ORDER BY 1"
        assert dba.execute(spread, (act,)).fetchall() == before
    one = """SELECT object_key, coalesce(after, before)->>'owner_name' FROM audit_changes
              WHERE action = 'reservation.create' AND object = '10.0.9.201'"""
    key = {"network_id": pool["network_id"], "address": "10.0.9.201"}
    assert dba.execute(one).fetchall() == [(key, "device 2249")]
    entry = api.items("audit?action=reservation.create")[-1]
    assert (entry["row_count"], entry["after"]["owner_name"]) == (1000, "device 0")


def test_a_hundred_rows_are_a_line_each(api: Api, dba: Dba) -> None:
    api.pool()
    dba.execute(
        """INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name)
           SELECT network_id, '10.0.0.1'::inet + i, id, 'static', 'device ' || i
             FROM pools, generate_series(0, 99) AS i"""
    )
    dba.execute("DELETE FROM reservations")
    counted = "SELECT action, count(*), max(row_count) FROM audit_log WHERE object_type = 'reservation' GROUP BY action"
    assert sorted(dba.execute(counted).fetchall()) == [
        ("reservation.create", 100, 1),
        ("reservation.delete", 100, 1),
    ]


def test_the_key_of_an_entry_is_the_primary_key_of_its_table(dba: Dba) -> None:
    """For each type of object: what audit_key() takes of a row is what the catalog says."""
    keys = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY a.attname)
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'rowhouse'::regnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
     WHERE i.indisprimary GROUP BY c.relname"""
    found: dict[str, list[str]] = dict(dba.execute(keys).fetchall())
    for table in (
        "reservations", "tenures", "attachments", "free_ranges", "networks", "pools", "node_slices", "exclusions",
        "gateways", "quotas", "tokens", "plain_pools", "assignment_hold", "assignment_hold_pools",
    ):  # fmt: skip
        names = [column for columns in found.values() for column in columns]
        row = sql.SQL(
            "SELECT audit_key(%s, jsonb_object_agg(name, 1)) FROM unnest(%s::text[]) AS name"
        )
        [(key,)] = dba.execute(row, (table.removesuffix("s"), [*names, "other"]))
        assert sorted(key) == found[table], table
