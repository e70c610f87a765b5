"""Release a reservation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import url_for

from rowhouse.auth.guard import least_role
from rowhouse.ipam import reservations as use_cases
from rowhouse.store.allocation import reservations as rows
from rowhouse.web.actions.addresses import canonical
from rowhouse.web.actions.flow import Action, Change, Preview
from rowhouse.web.actions.selected import TENURE
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.layout.formats import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.reads import Record


_IN_USE: Final = (
    "A sandbox uses this address. A running pod would keep using it while another pod could get it too."
    " Delete the pod instead, unless you know that its sandbox is gone."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    tenure: int
    even_attached: bool


class Release(Action[_Given]):
    """Release one address; the form carries the tenure that the user saw."""

    def __init__(self, network_id: int, address: str) -> None:
        super().__init__()
        self.key = (network_id, address)
        # Read before the owner: if the tenure changes between the two reads, the release is refused.
        self.tenure = rows.tenure(self.store, self.key)
        self.held: Record = use_cases.reservation(self.store, self.key)

    @property
    def title(self) -> str:
        return f"Release {self.held.address}"

    @property
    def back(self) -> str:
        return url_for("web.address", network_id=self.key[0], address=self.held.address)

    def initial(self) -> Mapping[str, str]:
        return {"tenure": str(self.tenure)}

    def read(self, values: Mapping[str, str]) -> _Given:
        tenure = values.get("tenure", "")
        return _Given(
            tenure=int(tenure) if TENURE.fullmatch(tenure) else 0,
            even_attached=bool(values.get("force")),
        )

    def preview(self, given: _Given) -> Preview:  # noqa: ARG002 - previewed as it is now
        held = self.held
        owner = "/".join(filter(None, (held.namespace, held.name)))
        lines = [
            Change(name="Held by", before=_named(held.owner_kind, owner)),
            Change(name="Pool", before=held.pool),
            Change(name="Since", before=moment(held.reserved_at)),
            Change(name="Node", before=held.node),
            Change(name="Sandbox", before=held.container_id),
            Change(name="Description", before=held.description),
        ]
        used = held.attachments > 0
        return Preview(
            button="Release address",
            lines=[line for line in lines if line.before],
            warnings=[_IN_USE] if used else [],
            consent="Release it even though a sandbox uses it" if used else "",
            harmful=True,
        )

    def do(self, given: _Given, actor: Actor) -> str:
        use_cases.release(
            self.store,
            self.key,
            actor,
            even_attached=given.even_attached,
            expected=given.tenure,
        )
        return self.back


@blueprint.route(f"/addresses/<{ID}:network_id>/<address>/release", methods=["GET", "POST"])
@least_role("operator")
def release(network_id: int, address: str) -> Response:
    """Release an address."""
    return Release(network_id, canonical(address)).answer()


def _named(kind: str, owner: str) -> str:
    return owner if kind == "static" else f"{kind.replace('_', ' ')} {owner}"
