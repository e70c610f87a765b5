"""Exclude the addresses that were selected in a table, all or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import url_for

from rowhouse.api.calls import read_strings
from rowhouse.api.exclusions import NewExclusion
from rowhouse.auth.guard import least_role
from rowhouse.domain.networks import as_shown
from rowhouse.ipam import exclusions as use_cases
from rowhouse.ipam import pools
from rowhouse.store.inventory import exclusions as rows
from rowhouse.web.actions import selected
from rowhouse.web.actions.flow import Action, Change, Preview
from rowhouse.web.blueprint import ID, blueprint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor
    from rowhouse.domain.runs import Run
    from rowhouse.store.connection.reads import Record

MAX_LINES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    runs: Sequence[Run]
    reason: str
    force: bool


class ExcludeSeveral(Action[_Given]):
    """Exclude runs of addresses in the network of one pool."""

    form = "actions/exclude_several.html"

    def __init__(self, pool_id: int) -> None:
        super().__init__()
        self.pool: Record = pools.pool(self.store, pool_id)

    @property
    def title(self) -> str:
        return f"Exclude addresses of pool {self.pool.name or self.pool.cidr}"

    @property
    def back(self) -> str:
        return url_for("web.pool_addresses_page", pool_id=self.pool.id)

    def read(self, values: Mapping[str, str]) -> _Given:
        reason = values.get("reason", "").replace("\r\n", "\n").strip()
        found = selected.runs(values.get("addresses", ""))
        for first, last in found:
            read_strings(
                NewExclusion,
                {
                    "network_id": str(self.pool.network_id),
                    "first": first,
                    "last": last,
                    "reason": reason,
                },
            )
        return _Given(runs=found, reason=reason, force=bool(values.get("force")))

    def preview(self, given: _Given) -> Preview:
        lines = [
            Change(name="Address" if first == last else "Addresses", after=_named((first, last)))
            for first, last in given.runs[:MAX_LINES]
        ]
        if len(given.runs) > MAX_LINES:
            lines.append(Change(name="And", after=f"{len(given.runs) - MAX_LINES} more runs"))
        lines.append(Change(name="Network", after=as_shown(self.pool.network_name)))
        if given.reason:
            lines.append(Change(name="Reason", after=given.reason))
        used = rows.attached_in(self.store, self.pool.network_id, given.runs)
        return Preview(
            button="Exclude addresses",
            lines=lines,
            consent=f"Exclude them even though running pods use {used} of them" if used else "",
            warnings=["Addresses in use stay assigned. They are excluded once they are released."],
        )

    def do(self, given: _Given, actor: Actor) -> str:
        use_cases.exclude_several(
            self.store,
            self.pool.network_id,
            given.runs,
            actor,
            reason=given.reason,
            force=given.force,
        )
        return self.back

    def context(self) -> Mapping[str, Any]:
        return {"pool": self.pool}


def _named(run: Run) -> str:
    return run[0] if run[0] == run[1] else f"{run[0]} to {run[1]}"


@blueprint.route(f"/pools/<{ID}:pool_id>/exclude-addresses", methods=["GET", "POST"])
@least_role("operator")
def exclude_addresses(pool_id: int) -> Response:
    """Exclude several runs of addresses."""
    return ExcludeSeveral(pool_id).answer()
