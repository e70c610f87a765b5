"""Every entry of the audit log and every event leads to what it names, also when that is gone."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest
from psycopg.types.json import Jsonb

from fixtures.pods import Pods, subnet
from rowhouse.domain.administration import (
    Actor,
    ExclusionPlan,
    Holder,
    PoolPlan,
    ReservationPlan,
)
from rowhouse.domain.events import REASONS
from rowhouse.domain.saved_views import Viewer
from rowhouse.ipam import comments, exclusions, pools, quotas, requests, reservations, saved_views
from rowhouse.store.history import audit

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask.testing import FlaskClient
    from psycopg.rows import TupleRow
    from werkzeug.test import TestResponse

    from rowhouse.store.connection.database import Database as Store

    Browser = Callable[..., FlaskClient]
    Session = psycopg.Connection[TupleRow]

ADA: Final = Actor(name="ada")
SCHEMA: Final = Path(__file__).resolve().parents[2] / "migrations" / "schema"
BY_NAME: Final = {"history", "audit_log", "node"}
"""The types that `store/history/retention.py` records."""


def types_of_schema() -> set[str]:
    """The types of objects that the functions of the schema record."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in SCHEMA.rglob("*.sql"))
    named = set(re.findall(r"record_changes?\(\s*'([a-z_]+)\.", text))
    assigned = set(re.findall(r"'([a-z_]+)\.(?:create|update|reassign)'", text))
    by_table = re.findall(
        r" ON ([a-z_]+)\s+FOR EACH ROW\s+EXECUTE FUNCTION (?:changed_by_hand|setting_changed)", text
    )
    return named | assigned | {table.rstrip("s") for table in by_table}


def fill(store: Store, pods: Pods, dba: Session) -> None:
    """Change something of every type: by the use cases, and by statements of a DBA."""
    blue = pools.create_pool(store, PoolPlan(cidr="10.0.0.0/24", name="blue"), "", ADA)
    gone = pools.create_pool(store, PoolPlan(cidr="10.1.0.0/24", name="gone"), "", ADA)
    lone = pools.create_pool(store, PoolPlan(cidr="10.2.0.0/24"), "lonely", ADA)
    static = Holder(kind="static", name="printer", namespace="shop")
    plan = ReservationPlan(pool_id=blue.id, holder=static, addresses=("10.0.0.7",))
    reservations.reserve(store, plan, ADA)
    several = ReservationPlan(pool_id=blue.id, holder=static, count=3)
    reservations.reserve(store, several, ADA)
    span = ExclusionPlan(
        network_id=blue.network_id, first="10.0.0.40", last="10.0.0.49", reason="x"
    )
    exclusions.exclude(store, span, ADA)
    quotas.create_quota(store, "shop", None, 50, ADA)
    comments.write(store, "look", ADA, pool_id=blue.id)
    comments.write(store, "look", ADA, network_id=blue.network_id, address="10.0.0.7")
    wanted = ReservationPlan(
        pool_id=blue.id, holder=Holder(kind="static", name="r", namespace="shop")
    )
    asked = [requests.send(store, wanted, ADA) for _ in range(2)]
    requests.decide(store, asked[0].id, "approved", ADA)
    for table in ("reservations", "pool-addresses"):
        saved_views.save(
            store,
            Viewer(name="ada"),
            table=table,
            name="v",
            query="q=printer",
            is_shared=False,
            actor=ADA,
        )
    pods.add("web-0", subnet("10.0.0.0/24"))
    dba.execute("SELECT hold_v1('ada', '', 'restore')")
    dba.execute("SELECT resume_v1('ada', '')")
    dba.execute("SELECT import_record_v1('ada', '', 'whereabouts', '{}')")
    for kind in sorted(BY_NAME):
        dba.execute("SELECT record_v1('ada', '', %s, '30 days', NULL, '{}')", (f"{kind}.prune",))
    dba.execute(
        "INSERT INTO tokens (name, role, digest) VALUES ('t', 'viewer', sha256('t'::bytea))"
    )
    dba.execute("INSERT INTO pool_names (name, pool_id) VALUES ('azure', %s)", (blue.id,))
    dba.execute(
        "INSERT INTO gateways (network_id, address, pool_id, cni_network) VALUES (%s, '10.0.0.254', %s, 'nad')",
        (blue.network_id, blue.id),
    )
    dba.execute(
        "INSERT INTO node_slices (pool_id, cluster, node, slice) VALUES (%s, '', 'node1', '10.0.0.128/26')",
        (blue.id,),
    )
    dba.execute("INSERT INTO assignment_hold (reason, actor) VALUES ('by hand', 'dba')")
    dba.execute("INSERT INTO assignment_hold_pools (pool_id) VALUES (%s)", (blue.id,))
    dba.execute("DELETE FROM assignment_hold_pools")
    dba.execute("DELETE FROM assignment_hold")
    dba.execute(
        "INSERT INTO owner_objects (cluster, owner_kind, namespace, name, object_kind, object_name)"
        " VALUES ('', 'claim', 'shop', 'data', 'IPAMClaim', 'data')"
    )
    dba.execute("UPDATE attachments SET node = 'node2'")
    dba.execute("UPDATE tenures SET node = 'node2'")
    dba.execute(
        "INSERT INTO past_attachments (tenure_id, during, cluster, container_id, interface, node, end_reason)"
        " SELECT id, tstzrange(now() - interval '1 hour', now()), '', 'c', 'net1', 'node2', 'DEL' FROM tenures LIMIT 1"
    )
    dba.execute("TRUNCATE fill_samples")
    # What is gone, and was named before.
    dba.execute("DELETE FROM requests WHERE id = %s", (asked[1].id,))
    dba.execute("DELETE FROM saved_views")
    for pool in (gone, lone):
        pools.delete_pool(store, pool.id, ADA)
    dba.execute("DELETE FROM networks WHERE name = 'lonely'")
    dba.execute("INSERT INTO networks (name) VALUES ('empty')")


def followed(client: FlaskClient, path: str) -> TestResponse:
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code == 200, (path, answer.request.path)
    return answer


def test_each_entry_of_the_audit_log_leads_to_what_it_names(
    browser: Browser, store: Store, pods: Pods, dba: Session
) -> None:
    fill(store, pods, dba)
    client = browser()
    entries = audit.search(store, audit.Search(), after=None, limit=1000)
    types = {entry.object_type for entry in entries}
    assert not (types_of_schema() | BY_NAME) - types - UNSEEN, "seed these too"
    page = html.unescape(client.get("/audit?rows=250").text)
    places: dict[str, set[str]] = {}
    for entry in entries:
        link = f"/audit/{entry.id}/object"
        assert f'href="{link}"' in page, entry.action
        answer = followed(client, link)
        assert answer.request.path != link
        places.setdefault(entry.object_type, set()).add(urlsplit(answer.request.path).path)
    for kind, prefix in (
        ("pool", "/pools/1"),
        ("alias", "/pools/1"),
        ("reservation", "/addresses/1/10.0.0.7"),
        ("exclusion", "/addresses/1/10.0.0.40"),
        ("gateway", "/addresses/1/10.0.0.254"),
        ("comment", "/addresses/1/10.0.0.7"),
        ("comment", "/pools/1"),
        ("request", "/requests/1"),
        ("quota", "/quotas"),
        ("network", "/networks/1"),
        ("network", "/networks"),
        ("node_slice", "/pools/1"),
        ("attachment", "/addresses/1/"),
        ("tenure", "/addresses/1/"),
        ("saved_view", "/reservations"),
        ("token", "/audit"),
    ):
        assert [path for path in places[kind] if path.startswith(prefix)], (kind, places[kind])
    # What is deleted leads to its entries.
    for kind in ("pool", "network", "request"):
        assert "/audit" in places[kind], kind
    assert client.get("/audit/999999/object").status_code == 404


UNSEEN: Final = {"free_range", "plain_pool"}
"""Types that only repairs and refused statements record; the test below has rows of theirs."""


@pytest.mark.parametrize(
    ("action", "after", "place"),
    [
        (
            "free_range.correct",
            {"network_id": 1, "first": "10.0.0.9", "last": "10.0.0.12"},
            "/addresses/1/10.0.0.9",
        ),
        ("free_range.refuse", {"error": "x"}, "/audit"),
        ("plain_pool.update", {"pool_id": 1, "cidr": "10.0.0.0/24"}, "/pools/1"),
        ("reservation.create", {"network_id": 9, "address": "10.0.0.9"}, "/audit"),
        ("reservation.create", {"network_id": "1", "address": "nonsense"}, "/audit"),
        (
            "reservation.create",
            {"network_id": 1, "address": "10.0.0.9/32"},
            "/addresses/1/10.0.0.9",
        ),
        ("saved_view.create", {"table_name": "//elsewhere.example", "query": "q"}, "/audit"),
        ("new_kind.create", {"name": "x"}, "/audit"),
        ("new_kind.create", None, "/audit"),
    ],
)
def test_an_entry_leads_somewhere_whatever_its_row_says(
    browser: Browser,
    store: Store,
    dba: Session,
    action: str,
    after: dict[str, Any] | None,
    place: str,
) -> None:
    pools.create_pool(store, PoolPlan(cidr="10.0.0.0/24"), "", ADA)
    row = None if after is None else Jsonb(after)
    dba.execute("SELECT record_v1('ada', '', %s, 'x', NULL, %s)", (action, row))
    (entry,) = audit.search(store, audit.Search(action=action), after=None, limit=1)
    assert followed(browser(), f"/audit/{entry.id}/object").request.path == place


def test_each_event_leads_to_its_pod_its_node_or_its_pool(
    browser: Browser, store: Store, dba: Session
) -> None:
    pool = pools.create_pool(store, PoolPlan(cidr="10.0.0.0/24"), "", ADA)
    for reason in REASONS:
        if reason == "PoolNearlyFull":
            for number in (pool.id, 77):
                dba.execute(
                    "INSERT INTO events (reason, message, pool_id) VALUES (%s, 'nearly full', %s)",
                    (reason, number),
                )
        else:
            # A pod that never got an address.
            dba.execute(
                "SELECT note_event(%s, '', 'shop', %s, 'net1', 'node1', 'it failed', '', 1)",
                (reason, f"pod-{reason.lower()}"),
            )
    client = browser()
    table = client.get("/events").text.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = table.split("</tr>")[:-1]
    assert len(rows) == len(REASONS) + 1
    for row in rows:
        links = [html.unescape(link) for link in re.findall(r'<a href="([^"]+)"', row)]
        assert len(links) == (1 if "nearly full" in row else 2), row
        for link in links:
            followed(client, link)
    page = client.get("/pods/shop/pod-noaddress").text
    assert "has not held an address" in page
    assert "it failed" in page
    assert client.get("/pods/shop/unknown").status_code == 404


@pytest.mark.parametrize(
    "path", ["/pools/1/history", "/addresses/1/10.0.0.1", "/pods/default/web-0", "/requests/1"]
)
def test_the_rows_of_a_history_lead_to_owner_address_node_and_pool(
    browser: Browser, store: Store, path: str
) -> None:
    pods = Pods(store)
    pods.add("web-0", subnet("10.0.0.0/24"), node="node7")
    plan = ReservationPlan(pool_id=1, holder=Holder(kind="static", name="r", namespace="shop"))
    asked = requests.send(store, plan, ADA)
    requests.decide(store, asked.id, "approved", ADA)
    client = browser()
    text = client.get(path).text.partition("<main")[2].partition("</main>")[0]
    links = {html.unescape(link) for link in re.findall(r'href="(/[^"#]+)', text)}
    for link in links:
        followed(client, link)
    wanted = {
        "/pools/1/history": {"/addresses/1/10.0.0.1", "/pods/default/web-0", "/nodes/node7"},
        "/addresses/1/10.0.0.1": {"/pods/default/web-0", "/nodes/node7", "/pools/1"},
        "/pods/default/web-0": {"/addresses/1/10.0.0.1", "/nodes/node7", "/pools/1"},
        "/requests/1": {"/addresses/1/10.0.0.2", "/pods/shop/r", "/pools/1"},
    }
    assert wanted[path] <= links, links
