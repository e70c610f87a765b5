"""The action that takes back what an audit entry records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from flask import url_for

from rowhouse.store.inventory import lookup
from rowhouse.web.actions import labels, pools

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

    Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Undo:
    """A button: its label, and the form that it sends. Without values it is a link to a preview."""

    label: str
    path: str
    values: Mapping[str, str] = field(default_factory=dict)


def undo(database: Database, entry: Record) -> Undo | None:
    """Return how to take a change back; None if no single action can. It is previewed like any other action."""
    find = _UNDO.get(entry.action)
    if entry.row_count > 1 or find is None:
        return None
    return find(database, entry.before or {}, entry.after or {})


def _reserved(_database: Database, _before: Row, after: Row) -> Undo:
    return Undo("Undo: release it", url_for("web.release", **_place(after, "address")))


def _released(_database: Database, before: Row, _after: Row) -> Undo | None:
    if before["owner_kind"] not in {"static", "pod"}:
        return None
    return Undo(
        "Undo: reserve it again",
        url_for("web.reserve", pool_id=before["pool_id"]),
        {
            "addresses": before["address"],
            **_described(before),
            **{
                f"owner.{name}": before[f"owner_{name}"]
                for name in ("kind", "name", "namespace", "interface", "cluster")
            },
        },
    )


def _edited(_database: Database, before: Row, after: Row) -> Undo | None:
    """A changed TTL stays: it made the reservation a manual one, which no form takes back."""
    changed = {name for name in after if before.get(name) != after[name]}
    if not changed <= {"description", "labels"}:
        return None
    path = url_for("web.edit_reservation", **_place(after, "address"))
    return Undo("Undo: restore it", path, _described(before))


def _excluded(_database: Database, _before: Row, after: Row) -> Undo:
    return Undo("Undo: end the exclusion", url_for("web.end_exclusion", **_place(after, "first")))


def _ended(database: Database, before: Row, _after: Row) -> Undo | None:
    for pool in lookup.pools_at(database, before["first"]):
        if pool.network_id == before["network_id"]:
            values = {
                "addresses": f"{before['first']}-{before['last']}",
                "reason": before["reason"],
            }
            if before.get("requests_only"):
                values["requests_only"] = "true"
            if before.get("name"):
                values["name"] = before["name"]
            path = url_for("web.exclude", pool_id=pool.id)
            return Undo("Undo: exclude them again", path, values)
    return None


def _pool_changed(_database: Database, before: Row, after: Row) -> Undo:
    """The form refuses a pool that has been changed again, so that this takes back nothing else."""
    values = {**pools.of_entry(before), "version": str(after["version"])}
    return Undo("Undo: restore it", url_for("web.change_pool", pool_id=after["id"]), values)


_UNDO: Final[Mapping[str, Callable[[Database, Row, Row], Undo | None]]] = {
    "reservation.create": _reserved,
    "reservation.delete": _released,
    "reservation.update": _edited,
    "exclusion.create": _excluded,
    "exclusion.delete": _ended,
    "pool.update": _pool_changed,
}


def _place(row: Row, name: str) -> dict[str, Any]:
    return {"network_id": row["network_id"], "address": row[name]}


def _described(row: Row) -> dict[str, str]:
    return {"description": row["description"], "labels": labels.lines(row.get("labels"))}
