"""Exclude addresses from assignment, and end exclusions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import url_for

from rowhouse.api.calls import read_strings
from rowhouse.api.exclusions import NewExclusion
from rowhouse.auth.guard import least_role
from rowhouse.domain.errors import NotFound
from rowhouse.domain.networks import as_shown
from rowhouse.ipam import exclusions as use_cases
from rowhouse.ipam import pools
from rowhouse.store.inventory import exclusions as rows
from rowhouse.web.actions import selected
from rowhouse.web.actions.addresses import canonical
from rowhouse.web.actions.flow import Action, Change, Preview
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.layout.field_names import field_name

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
    requests_only: bool
    name: str | None
    force: bool


class Exclude(Action[_Given]):
    """Exclude runs of addresses in the network of one pool, all or none."""

    form = "actions/exclude.html"

    def __init__(self, pool_id: int) -> None:
        super().__init__()
        self.pool: Record = pools.pool(self.store, pool_id)

    @property
    def title(self) -> str:
        return f"Exclude addresses of pool {self.pool.name or self.pool.cidr}"

    @property
    def back(self) -> str:
        return url_for("web.pool", pool_id=self.pool.id)

    def read(self, values: Mapping[str, str]) -> _Given:
        reason = values.get("reason", "").replace("\r\n", "\n").strip()
        name = values.get("name", "").strip()
        runs = selected.runs(values.get("addresses", ""))
        for first, last in runs:
            read_strings(
                NewExclusion,
                {
                    "network_id": str(self.pool.network_id),
                    "first": first,
                    "last": last,
                    "reason": reason,
                    "requests_only": "true" if values.get("requests_only") else "false",
                    **({"name": name} if name else {}),
                },
            )
        return _Given(
            runs=runs,
            reason=reason,
            requests_only=bool(values.get("requests_only")),
            name=name or None,
            force=bool(values.get("force")),
        )

    def preview(self, given: _Given) -> Preview:
        lines = [
            Change(name="Address" if first == last else "Addresses", after=_named((first, last)))
            for first, last in given.runs[:MAX_LINES]
        ]
        if len(given.runs) > MAX_LINES:
            lines.append(Change(name="And", after=f"{len(given.runs) - MAX_LINES} more runs"))
        lines += [
            Change(name="Network", after=as_shown(self.pool.network_name)),
            Change(name="Reason", after=given.reason),
            Change(name="Requests", after="may take them" if given.requests_only else ""),
            Change(name="Name for candidates", after=given.name or ""),
        ]
        used = rows.attached(self.store, self.pool.network_id, given.runs)
        is_one = len(given.runs) == 1 and given.runs[0][0] == given.runs[0][1]
        return Preview(
            button="Exclude address" if is_one else "Exclude addresses",
            lines=[line for line in lines if line.after],
            consent=_consent(used) if used else "",
            warnings=["Addresses in use stay assigned. They are excluded once they are released."],
        )

    def do(self, given: _Given, actor: Actor) -> str:
        use_cases.exclude_several(
            self.store,
            self.pool.network_id,
            given.runs,
            actor,
            reason=given.reason,
            requests_only=given.requests_only,
            name=given.name,
            force=given.force,
        )
        return self.back

    def context(self) -> Mapping[str, Any]:
        return {"pool": self.pool}


def _named(run: Run) -> str:
    return run[0] if run[0] == run[1] else f"{run[0]} to {run[1]}"


def _consent(used: Record) -> str:
    first = f"{used.address} ({used.namespace}/{used.name})"
    return (
        f"Exclude it even though a running pod uses {first}"
        if used.total == 1
        else f"Exclude them even though running pods use {used.total} of them, such as {first}"
    )


class EndExclusion(Action[int]):
    """End one exclusion; the form carries the id of the exclusion that the user saw."""

    def __init__(self, network_id: int, address: str) -> None:
        super().__init__()
        self.address = address
        found = rows.search(
            self.store, network_id=network_id, network=None, contains=address, after=0, limit=1
        )
        if not found:
            raise NotFound(
                f"{address} is not excluded", hint="The exclusion may have ended already."
            )
        self.exclusion: Record = found[0]

    @property
    def title(self) -> str:
        return "End an exclusion"

    @property
    def back(self) -> str:
        return url_for("web.address", network_id=self.exclusion.network_id, address=self.address)

    def initial(self) -> Mapping[str, str]:
        return {"exclusion": str(self.exclusion.id)}

    def read(self, values: Mapping[str, str]) -> int:
        text = values.get("exclusion", "")
        return int(text) if text.isdecimal() and len(text) < 10 else 0  # noqa: PLR2004

    def preview(self, given: int) -> Preview:  # noqa: ARG002 - previewed as it is now
        found = self.exclusion
        lines = [
            Change(name=field_name("first"), before=found.first),
            Change(name=field_name("last"), before=found.last),
            Change(name=field_name("reason"), before=found.reason),
            Change(name="Still in use", before=str(found.in_use or "")),
        ]
        return Preview(
            button="End exclusion",
            lines=[line for line in lines if line.before],
            warnings=["This ends the exclusion for all of these addresses, not just one."]
            if found.first != found.last
            else [],
        )

    def do(self, given: int, actor: Actor) -> str:
        use_cases.end_exclusion(self.store, given, actor)
        return self.back


@blueprint.route(f"/pools/<{ID}:pool_id>/exclude", methods=["GET", "POST"])
@least_role("operator")
def exclude(pool_id: int) -> Response:
    """Exclude addresses from assignment."""
    return Exclude(pool_id).answer()


@blueprint.route(f"/addresses/<{ID}:network_id>/<address>/include", methods=["GET", "POST"])
@least_role("operator")
def end_exclusion(network_id: int, address: str) -> Response:
    """End an exclusion."""
    return EndExclusion(network_id, canonical(address)).answer()
