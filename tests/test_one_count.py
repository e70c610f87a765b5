"""How full a pool is: pages, API, command line, metrics, samples and SQL all say the same."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from fixtures.pods import subnet
from rowhouse import telemetry
from rowhouse.app import create_app
from rowhouse.auth.caller import ANYBODY
from rowhouse.cli import main
from rowhouse.settings import Settings
from rowhouse.store.inventory import trends

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from flask.testing import FlaskClient
    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from fixtures.pods import Pods
    from rowhouse.store.connection.database import Database as Store

COUNTS = ("total", "used", "reserved", "reserved_by_overlaps", "quarantined", "excluded", "free")
POOLS = """
INSERT INTO pools (network_id, network_name, cidr, name, gateway, window_first, window_last, reuse_delay)
SELECT 1, '', cidr::cidr, name, gateway::inet, first::inet, last::inet, '1 hour'
  FROM (VALUES ('10.0.0.0/24', 'large', '10.0.0.1', NULL, NULL),
               ('10.0.0.0/26', 'small', NULL, '10.0.0.2', '10.0.0.40'),
               ('10.0.0.32/28', 'inner', NULL, NULL, NULL),
               ('10.9.0.0/19', 'in blocks', '10.9.0.9', '10.9.0.3', '10.9.20.0'),
               ('fd00::/64', 'ipv6', NULL, NULL, NULL)) AS p (cidr, name, gateway, first, last);
INSERT INTO exclusions (network_id, first, last) VALUES
    (1, '10.0.0.30', '10.0.0.36'), (1, '10.9.0.8', '10.9.0.20'), (1, 'fd00::100', 'fd00::1ff');
"""
PAGE = re.compile(
    r"([\d.,\s]+)% taken: ([\d,\s]+) used, ([\d,\s]+) quarantined, ([\d,\s]+) excluded, ([\d,\s]+) free"
)
BLOCK = re.compile(r'aria-label="[0-9a-f.:/]+: ([^"]*)"')


@pytest.fixture
def client(database: Database) -> Iterator[FlaskClient]:
    app = create_app(Settings(database_url=database.url), only_caller=ANYBODY)
    yield app.test_client()
    app.extensions["rowhouse"].store.close()


@pytest.fixture
def pools(pods: Pods, dba: psycopg.Connection[TupleRow]) -> None:
    """Pools that overlap, with pods, quarantine, a gateway and exclusions in use."""
    dba.execute("INSERT INTO networks (name) VALUES ('')")
    dba.execute(POOLS.encode())
    for cidr in ("10.0.0.0/24", "10.0.0.0/26", "10.0.0.32/28", "10.9.0.0/19", "fd00::/64"):
        for number in range(5):
            pods.add(f"{cidr}-{number}", subnet(cidr))
        pods.delete(f"{cidr}-1")
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last) VALUES (1, '10.0.0.3', '10.0.0.4')"
    )
    dba.execute("UPDATE pools SET gateway = '10.0.0.2' WHERE name = 'inner' OR name = 'small'")


def by_sql(dba: psycopg.Connection[TupleRow]) -> dict[str, dict[str, int]]:
    rows = dba.execute(
        "SELECT pool::text, total, used, reserved, reserved_by_overlaps, quarantined, excluded, free FROM pool_usage"
    )
    return {cidr: dict(zip(COUNTS, map(int, counts), strict=True)) for cidr, *counts in rows}


def only_counts(usage: dict[str, Any]) -> dict[str, int]:
    return {name: usage[name] for name in COUNTS}


@pytest.mark.usefixtures("pools")
def test_api_and_command_line_say_what_sql_says(
    client: FlaskClient, dba: psycopg.Connection[TupleRow], database: Database
) -> None:
    counted = by_sql(dba)
    assert all(one["used"] and one["free"] for one in counted.values())
    assert any(one["reserved_by_overlaps"] for one in counted.values())
    listed = client.get("/api/v1/pools?usage=true").get_json()["items"]
    assert {pool["cidr"]: only_counts(pool["usage"]) for pool in listed} == counted
    for pool in listed:
        usage = client.get(f"/api/v1/pools/{pool['id']}/usage").get_json()
        assert usage == pool["usage"]
    environment = {"ROWHOUSE_DATABASE_URL": database.url, "ROWHOUSE_SERVER": None}
    shown = CliRunner().invoke(main, ["pool", "list", "-o", "json"], env=environment)
    items = json.loads(shown.stdout)["items"]
    assert {pool["cidr"]: only_counts(pool["usage"]) for pool in items} == counted


@pytest.mark.usefixtures("pools")
def test_metrics_say_what_sql_says(store: Store, dba: psycopg.Connection[TupleRow]) -> None:
    text = telemetry.metrics(telemetry.DatabaseMetrics(store)).decode()
    found: dict[str, dict[str, float]] = {}
    for cidr, state, value in re.findall(
        r'^rowhouse_pool_addresses\{network="",pool="(.*?)",state="(.*?)"\} (\S+)$',
        text,
        re.MULTILINE,
    ):
        found.setdefault(cidr, {})[state] = float(value)
    assert found == {
        cidr: {name: float(count) for name, count in counts.items()}
        for cidr, counts in by_sql(dba).items()
    }


@pytest.mark.usefixtures("pools")
def test_samples_say_what_sql_says(
    store: Store, dba: psycopg.Connection[TupleRow], client: FlaskClient
) -> None:
    counted = by_sql(dba)
    assert trends.sample(store)
    sampled = dba.execute(
        "SELECT p.cidr::text, s.used FROM fill_samples s JOIN pools p ON p.id = s.pool_id"
    ).fetchall()
    assert dict(sampled) == {cidr: counts["used"] for cidr, counts in counted.items()}
    for pool_id, cidr in dba.execute("SELECT id, cidr::text FROM pools").fetchall():
        moments = client.get(f"/api/v1/pools/{pool_id}/fill?steps=1").get_json()["moments"]
        assert moments[-1]["used"] == counted[cidr]["used"], cidr


@pytest.mark.usefixtures("pools")
def test_pages_say_what_sql_says(client: FlaskClient, dba: psycopg.Connection[TupleRow]) -> None:
    overview = client.get("/", headers={"Accept": "text/html"}).text
    for pool_id, cidr in dba.execute("SELECT id, cidr::text FROM pools ORDER BY id").fetchall():
        counts = by_sql(dba)[cidr]
        wanted = [counts[name] for name in ("used", "quarantined", "excluded", "free")]
        if cidr == "fd00::/64":
            continue  # Its numbers are shown as powers.
        page = client.get(f"/pools/{pool_id}", headers={"Accept": "text/html"}).text
        own = PAGE.search(page)
        assert own is not None
        assert numbers(own) == wanted
        assert wanted in [numbers(found) for found in PAGE.finditer(overview)]
        if cidr == "10.9.0.0/19":
            blocks = BLOCK.findall(page)
            assert (
                sum(
                    int(count)
                    for text in blocks
                    for count in re.findall(r"(\d+) used(?! but)", text)
                )
                == counts["used"]
            )
            assert (
                sum(int(count) for text in blocks for count in re.findall(r"(\d+) excluded", text))
                == counts["excluded"]
            )


def numbers(found: re.Match[str]) -> list[int]:
    return [int(re.sub(r"\D", "", text)) for text in found.groups()[1:]]
