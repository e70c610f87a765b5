"""Release the addresses that were selected in a table, all or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import url_for

from rowhouse.auth.guard import least_role
from rowhouse.domain.errors import NotFound
from rowhouse.ipam import pools
from rowhouse.ipam import reservations as use_cases
from rowhouse.store.allocation import reservations as rows
from rowhouse.web.actions import selected
from rowhouse.web.actions.flow import Action, Change, Preview
from rowhouse.web.blueprint import ID, blueprint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor
    from rowhouse.store.allocation.reservations import Key
    from rowhouse.store.connection.reads import Record

MAX_LINES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    selected: Sequence[str]
    held: Mapping[Key, int]
    even_attached: bool


class ReleaseSeveral(Action[_Given]):
    """Release several addresses; the form carries the tenures that the user saw."""

    def __init__(self, pool_id: int | None) -> None:
        super().__init__()
        self.pool: Record | None = None if pool_id is None else pools.pool(self.store, pool_id)

    @property
    def title(self) -> str:
        return "Release addresses"

    @property
    def back(self) -> str:
        if self.pool is None:
            return url_for("web.reservations")
        return url_for("web.pool_addresses_page", pool_id=self.pool.id)

    def read(self, values: Mapping[str, str]) -> _Given:
        network_id = None if self.pool is None else self.pool.network_id
        held = selected.tenures(values.get("held", ""))
        words = values.get("addresses", "").split()
        if not words:
            raise selected.nothing()
        selected.keys(words, network_id)
        return _Given(selected=words, held=held, even_attached=bool(values.get("force")))

    def preview(self, given: _Given) -> Preview:
        keys = selected.keys(given.selected, None if self.pool is None else self.pool.network_id)
        # Read before the owners: if a tenure changes between the two reads, the release is refused.
        tenures = rows.tenures(self.store, keys)
        held = [
            row
            for row in rows.several(self.store, keys)
            if (row.network_id, row.address) in tenures
        ]
        if not held:
            raise NotFound(
                "none of the selected addresses is reserved",
                hint="They may have been released already.",
            )
        used = [row for row in held if row.attachments]
        lines = [Change(name=row.address, before=_held_by(row)) for row in held[:MAX_LINES]]
        if len(held) > MAX_LINES:
            lines.append(Change(name="And", before=f"{len(held) - MAX_LINES} more addresses"))
        warnings = []
        if left := len(given.selected) - len(held):
            warnings.append(
                f"{left} of the selected rows {'is' if left == 1 else 'are'} not reserved, and stay as they are."
            )
        if used:
            warnings.append(
                f"Sandboxes use {len(used)} of these addresses. A running pod would keep using its address while"
                " another pod could get it too."
            )
        return Preview(
            button="Release address" if len(held) == 1 else f"Release {len(held)} addresses",
            lines=lines,
            warnings=warnings,
            consent=f"Release {len(used)} of them even though sandboxes use them" if used else "",
            harmful=True,
            hidden={"held": selected.tenures_text(tenures)},
        )

    def do(self, given: _Given, actor: Actor) -> str:
        if not given.held:
            raise selected.unseen()
        use_cases.release_several(self.store, given.held, actor, even_attached=given.even_attached)
        return self.back


def _held_by(row: Record) -> str:
    owner = "/".join(filter(None, (row.namespace, row.name)))
    place = f", on {row.node}" if row.node else ""
    why = f", {row.description}" if row.description else ""
    return f"{owner}{place}{why}"


@blueprint.route(f"/pools/<{ID}:pool_id>/release", methods=["GET", "POST"])
@least_role("operator")
def release_addresses(pool_id: int) -> Response:
    """Release addresses of a pool."""
    return ReleaseSeveral(pool_id).answer()


@blueprint.route("/reservations/release", methods=["GET", "POST"])
@least_role("operator")
def release_reservations() -> Response:
    """Release addresses of any pools."""
    return ReleaseSeveral(None).answer()
