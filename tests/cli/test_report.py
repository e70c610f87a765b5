"""`rowhouse report` over either way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures.pods import Pods, subnet

if TYPE_CHECKING:
    from cli.conftest import Rowhouse
    from rowhouse.store.connection.database import Database


def test_the_report_shows_what_each_group_holds(rowhouse: Rowhouse, store: Database) -> None:
    assert "no addresses were held" in rowhouse("report").stderr
    pods = Pods(store)
    for number in range(5):
        pods.add(f"web-{number}", subnet("10.20.0.0/28", network="storage"))
    pods.add("one", subnet("10.30.0.0/24"))
    rowhouse("quota", "set", "default", "10")
    [namespace] = rowhouse.items("report", "--since", "1h", "--steps", "4")
    assert (namespace["name"], namespace["limit"], namespace["percent"]) == ("default", 10, 60.0)
    assert (namespace["used"], namespace["change"]) == ([0, 0, 0, 0, 6], 6)
    assert len(namespace["moments"]) == 5
    lines = rowhouse("report", "--by", "network", "--since", "1h").stdout.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [
        ["storage", "5", "+5"],
        ["default", "network", "1"],
    ]
    assert "▁▁▁" in lines[1]
    csv = rowhouse("report", "--by", "pool", "-o", "csv", "--sort", "used").stdout.splitlines()
    assert [line.split(",")[0] for line in csv] == ["name", "10.30.0.0/24", "10.20.0.0/28"]


def test_a_label_alone_groups_by_it(rowhouse: Rowhouse, store: Database) -> None:
    Pods(store).add("one", subnet("10.30.0.0/24"))
    rowhouse("pool", "change", "10.30.0.0/24", "--label", "site=berlin")
    assert [one["name"] for one in rowhouse.items("report", "--label", "site")] == ["berlin"]
    assert "label" in rowhouse("report", "--by", "pool", "--label", "site", code=2).stderr
