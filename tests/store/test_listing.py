"""Lists: pages and the parts of an export agree, for every column and both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fixtures.pods import Pods, subnet
from rowhouse.store.cluster import nodes
from rowhouse.store.connection.listing import Listing, Wanted
from rowhouse.store.history import pool_lists
from rowhouse.store.inventory import (
    exclusion_list,
    owner_list,
    pool_addresses,
    pools,
    reservation_list,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database as Store


def whole(store: Store, listing: Listing, wanted: Wanted) -> list[Any]:
    """All rows, by parts of two."""
    found: list[Any] = []
    part, after = listing.part(store, wanted, after=None, limit=2)
    found += part
    while after is not None:
        part, after = listing.part(store, wanted, after=after, limit=2)
        found += part
    return found


@pytest.fixture
def listings(pods: Pods, store: Store, dba: psycopg.Connection[TupleRow]) -> dict[str, Listing]:
    """Every list, with some rows that have equal and missing values."""
    for number in range(6):
        pods.add(f"web-{number % 5}", subnet("10.0.0.0/28"), node=f"node{number % 2}")
    pods.delete("web-1")
    pods.add("web-0", subnet("10.0.1.0/29"))
    for first in range(10, 13):
        dba.execute(
            "INSERT INTO exclusions (network_id, first, last) VALUES (1, %(at)s, %(at)s)",
            {"at": f"10.0.0.{first}"},
        )
        dba.execute(
            "SELECT report_node_v1('', %s, '0.1.0', '0.1.0', 2, 512, now())", (f"node{first}",)
        )
    pool = pools.with_window(store, 1)
    assert pool is not None
    return {
        "addresses": pool_addresses.of_pool(pool),
        "reservations": reservation_list.of_all_pools(),
        "owners": owner_list.of_all(),
        "exclusions": exclusion_list.of_all_networks(),
        "nodes": nodes.listing(),
        "tenures": pool_lists.tenures(pool),
        "audit": pool_lists.audit_entries(pool),
    }


def plain(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Rows without sort keys, and without what depends on the time of the statement."""
    return [
        {
            name: value
            for name, value in row._mapping.items()
            if not name.startswith("list_key_") and name != "unseen_seconds"
        }
        for row in rows
    ]


def test_pages_and_parts_agree_for_every_column(store: Store, listings: dict[str, Listing]) -> None:
    for name, listing in listings.items():
        for sort in listing.sorts:
            both = []
            for descending in (False, True):
                wanted = Wanted(sort=sort, descending=descending)
                page = listing.page(store, wanted, offset=0, limit=100)
                assert page.total == len(page.rows) >= 3, name
                both.append(plain(page.rows))
                assert plain(whole(store, listing, wanted)) == both[-1], (name, sort)
                middle = listing.page(store, wanted, offset=1, limit=2)
                assert plain(middle.rows) == both[-1][1:3], (name, sort)
            assert both[0] == both[1][::-1], (name, sort)
            behind = listing.page(store, Wanted(sort=sort), offset=10_000, limit=2)
            assert (behind.total, behind.rows) == (len(both[0]), ()), name
