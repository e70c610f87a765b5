"""Lists: pages and the parts of an export agree, for every column and both directions."""

from __future__ import annotations

import random
from itertools import groupby, product
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.pods import Pods, subnet
from rowhouse.store.cluster import nodes
from rowhouse.store.connection.listing import Listing, Wanted
from rowhouse.store.connection.places import Place
from rowhouse.store.history import pool_lists
from rowhouse.store.inventory import (
    exclusion_list,
    owner_list,
    owner_order,
    pool_addresses,
    pools,
    reservation_list,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database as Store

    List = Listing | owner_list.OwnerList


def whole(store: Store, listing: List, wanted: Wanted) -> list[Any]:
    """All rows, by parts of two."""
    found: list[Any] = []
    part, after = listing.part(store, wanted, after=None, limit=2)
    found += part
    while after is not None:
        part, after = listing.part(store, wanted, after=after, limit=2)
        found += part
    return found


@pytest.fixture
def listings(pods: Pods, store: Store, dba: psycopg.Connection[TupleRow]) -> dict[str, List]:
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
        "owners": owner_list.OwnerList(),
        "exclusions": exclusion_list.of_all_networks(),
        "nodes": nodes.listing(),
        "tenures": pool_lists.tenures(pool, is_long=False),
        "latest tenures": pool_lists.tenures(pool, is_long=True),
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


def turned(found: list[dict[str, Any]], listing: List, sort: str) -> list[dict[str, Any]]:
    """Rows in the opposite order of a column; rows with one value stay in theirs, if the list has it so."""
    if isinstance(listing, owner_list.OwnerList) or listing.turns_key:
        return found[::-1]
    names = ("namespace", "name") if sort == "owner" else (sort,)
    groups = groupby(found, key=lambda row: [row[name] for name in names])
    return [row for group in [list(rows) for _, rows in groups][::-1] for row in group]


def test_pages_and_parts_agree_for_every_column(store: Store, listings: dict[str, List]) -> None:
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
            assert turned(both[0], listing, sort) == both[1], (name, sort)
            behind = listing.page(store, Wanted(sort=sort), offset=10_000, limit=2)
            assert (behind.total, behind.rows) == (len(both[0]), ()), name


def test_the_neighbors_of_a_page_are_found_by_its_ends_for_every_column(
    store: Store, listings: dict[str, List]
) -> None:
    for name, listing in listings.items():
        if isinstance(listing, owner_list.OwnerList):
            continue
        for sort, descending in product(listing.sorts, (False, True)):
            wanted = Wanted(sort=sort, descending=descending)
            expected = plain(whole(store, listing, wanted))
            page = listing.page(store, wanted, offset=0, limit=1)
            for offset in range(1, len(expected)):
                assert page.ends is not None
                # No row is there, so it is the place that finds one.
                page = listing.page(
                    store, wanted, offset=10_000, limit=1, place=Place.of(page.ends[1])
                )
                assert (plain(page.rows), page.total) == (
                    expected[offset : offset + 1],
                    len(expected),
                ), (name, sort)
            for offset in range(len(expected) - 2, -1, -1):
                assert page.ends is not None
                place = Place.of(page.ends[0], is_before=True)
                page = listing.page(store, wanted, offset=10_000, limit=1, place=place)
                assert plain(page.rows) == expected[offset : offset + 1], (name, sort)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "{}",
        "[1]",
        '["10.0.0.3"]',
        '["not an address","1","10.0.0.3"]',
        '["10.0.0.3","99999999999","10.0.0.3"]',
        '["10.0.0.3","\\u0000","10.0.0.3"]',
        '["10.0.0.3","\\ud800","10.0.0.3"]',
        "[" * 1400,
    ],
)
def test_a_place_that_makes_no_sense_is_ignored(
    store: Store, listings: dict[str, List], text: str
) -> None:
    wanted = Wanted(sort="address")
    listing = listings["reservations"]
    usual = listing.page(store, wanted, offset=1, limit=2)
    found = listing.page(store, wanted, offset=1, limit=2, place=Place(text))
    assert plain(found.rows) == plain(usual.rows)


def test_a_time_without_a_zone_is_no_place(store: Store, listings: dict[str, List]) -> None:
    wanted = Wanted(sort="since")
    listing = listings["reservations"]
    place = Place('["2000-01-01 00:00","1","10.0.0.1"]')
    found = listing.page(store, wanted, offset=1, limit=1, place=place)
    assert plain(found.rows) == plain(listing.page(store, wanted, offset=1, limit=1).rows)


def test_sort_keys_that_are_too_long_for_a_url_are_no_place() -> None:
    assert Place.of(("x" * 1600,)) is None


def test_a_list_of_namespaces_has_no_row_of_others_with_and_without_a_filter(
    store: Store, listings: dict[str, List]
) -> None:
    for name in ("reservations", "addresses", "tenures", "latest tenures"):
        listing = listings[name]
        assert isinstance(listing, Listing)
        team, other = (listing.of_namespaces([one]) for one in ("default", "shop"))
        for words in ((), ("web",)):
            wanted = Wanted(sort=next(iter(listing.sorts)), words=words)
            assert team.page(store, wanted, offset=0, limit=9).total > 1, name
            assert {row.namespace for row in team.page(store, wanted, offset=0, limit=9).rows} == {
                "default"
            }
            found = other.page(store, wanted, offset=0, limit=9)
            assert (found.rows, found.total) == ((), 0), name


def test_owners_are_listed_alike_by_their_index_and_by_a_filter(
    store: Store, listings: dict[str, List], monkeypatch: pytest.MonkeyPatch
) -> None:
    owners = listings["owners"]
    assert isinstance(owners, owner_list.OwnerList)
    names = [f"web-{number}" for number in (0, 2, 3, 4)]

    def page(*words: str, offset: int, limit: int = 2) -> tuple[list[str], int, bool]:
        wanted = Wanted(sort="owner", words=words)
        found = owners.page(store, wanted, offset=offset, limit=limit)
        return [row.name for row in found.rows], found.total, found.is_more

    # Few match: exact, whatever is counted.
    monkeypatch.setattr(owner_list, "MAX_COUNTED", 3)
    assert page("web", offset=0) == (names[:2], 4, False)
    assert page("web", offset=2) == (names[2:], 4, False)
    assert page("web", offset=4) == ([], 4, False)
    assert page("nobody", offset=0) == ([], 0, False)
    # All: counted up to the limit.
    assert page(offset=0) == (names[:2], 3, True)
    assert page(offset=2) == (names[2:], 4, False)
    # Many match: the page says whether more follow.
    monkeypatch.setattr(owner_list, "MAX_MATCHES", 1)
    assert page("web", offset=0) == (names[:2], 2, True)
    assert page("web", offset=2) == (names[2:], 4, False)
    monkeypatch.setattr(owner_list, "MAX_COUNTED", 4)
    assert page(offset=0) == (names[:2], 4, False)
    # A team sees its namespaces alone, however the owners are found.
    for namespaces, names_seen in (({"shop"}, []), ({"default", "shop"}, names)):
        team = owner_list.OwnerList(namespaces)
        for wanted in (
            Wanted(sort="owner"),
            Wanted(sort="owner", words=("web",)),
            Wanted(sort="addresses", words=("web",)),
        ):
            page_of_team = team.page(store, wanted, offset=0, limit=9)
            assert sorted(row.name for row in page_of_team.rows) == names_seen
    # A filter finds an owner by any of its reservations, and shows all of them.
    wanted = Wanted(sort="addresses", words=("10.0.1.0/24",), descending=True)
    (row,) = owners.page(store, wanted, offset=0, limit=9).rows
    assert (row.name, row.addresses) == ("web-0", 2)


def test_owners_are_in_the_same_order_however_few_reservations_are_read(
    store: Store, pods: Pods, dba: psycopg.Connection[TupleRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Owners whose reservations lie far apart in the order, in both directions, and equal ones."""
    chance = random.Random(5)
    for number in range(40):
        pods.add(
            f"web-{chance.randrange(12)}",
            subnet(f"10.0.{number}.0/28"),
            node=f"node{chance.randrange(4)}",
        )
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute(
        """UPDATE reservations
              SET reserved_at = '2026-01-01'::timestamptz + (hashtext(host(address)) % 5) * interval '1 hour',
                  owner_cluster = CASE WHEN owner_name < 'web-3' THEN 'b' ELSE 'a' END"""
    )
    monkeypatch.setattr(owner_order, "_NEAR", 1)
    monkeypatch.setattr(owner_order, "_MIN_NEAR", 1)
    owners = owner_list.OwnerList()
    for sort in owners.sorts:
        for descending in (False, True):
            for words in ((), ("web",)):
                wanted = Wanted(sort=sort, descending=descending, words=words)
                expected = plain(whole(store, owners, wanted))
                assert len(expected) > 9
                for offset in range(0, len(expected), 3):
                    page = owners.page(store, wanted, offset=offset, limit=3)
                    assert plain(page.rows) == expected[offset : offset + 3], (wanted, offset)
                    assert page.total == len(expected)
    nothing = Wanted(sort="since", equal={"owner_kind": "claim"})
    assert owners.page(store, nothing, offset=0, limit=3).total == 0


def test_a_long_history_is_bounded_and_has_the_present_owners(
    store: Store, pods: Pods, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        pods.add(f"old-{number}", subnet("10.0.0.0/28"))
    pods.delete("old-1")
    for number in range(4):
        pods.add(f"new-{number}", subnet("10.0.1.0/28"))
    quiet, busy = pools.with_window(store, 1), pools.with_window(store, 2)
    assert quiet is not None

    def names(pool: Any) -> set[str]:
        listing = pool_lists.tenures(pool, is_long=True)
        found = listing.page(store, Wanted(sort="since"), offset=0, limit=100)
        return {row.name for row in found.rows}

    assert names(quiet) == {"old-0", "old-1", "old-2"}
    monkeypatch.setattr(pool_lists, "MAX_SCANNED", 4)
    assert names(quiet) == {"old-0", "old-2"}
    assert names(busy) == {f"new-{number}" for number in range(4)}
    monkeypatch.setattr(pool_lists, "FEW", 1)
    assert names(quiet) == {"old-2"}
    assert pool_lists.has_long_history(store, quiet) is False
    monkeypatch.setattr(pool_lists, "MAX_WHOLE", 2)
    assert pool_lists.has_long_history(store, quiet) is True
