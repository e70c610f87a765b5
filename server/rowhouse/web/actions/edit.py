"""Change the description and the labels of a reservation, and how long it stays without a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import request, url_for

from rowhouse.api.calls import read_values
from rowhouse.api.reservation_documents import ReservationChange
from rowhouse.auth.guard import least_role
from rowhouse.ipam import reservations as use_cases
from rowhouse.web.actions import labels
from rowhouse.web.actions.addresses import canonical
from rowhouse.web.actions.flow import Action, Change, Preview
from rowhouse.web.actions.reserve import LASTS
from rowhouse.web.blueprint import ID, blueprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.reads import Record

_KEEP: Final = "keep"
_BECOMES_MANUAL: Final = (
    "It then counts as reserved by hand: it stays when its pod is deleted, for the chosen duration."
)


class EditReservation(Action[ReservationChange]):
    """Change one reservation."""

    form = "actions/edit.html"

    def __init__(self, network_id: int, address: str) -> None:
        super().__init__()
        self.key = (network_id, address)
        self.held: Record = use_cases.reservation(self.store, self.key)

    @property
    def title(self) -> str:
        return f"Edit reservation of {self.held.address}"

    @property
    def back(self) -> str:
        return url_for("web.address", network_id=self.key[0], address=self.held.address)

    def initial(self) -> Mapping[str, str]:
        return {
            "description": self.held.description,
            "labels": labels.lines(self.held.labels),
            **request.args.to_dict(),
        }

    def read(self, values: Mapping[str, str]) -> ReservationChange:
        description = values.get("description", "").replace("\r\n", "\n").strip()
        wanted: dict[str, Any] = {}
        if description != self.held.description:
            wanted["description"] = description
        # A URL may have a description alone.
        given = labels.read(values.get("labels", labels.lines(self.held.labels)))
        if given != (self.held.labels or {}):
            wanted["labels"] = given
        if (ttl := values.get("ttl", _KEEP)) != _KEEP:
            wanted["ttl"] = (float(ttl) if ttl in LASTS else ttl) if ttl else None
        return read_values(ReservationChange, wanted)

    def preview(self, given: ReservationChange) -> Preview:
        lines = []
        if "description" in given.model_fields_set:
            lines.append(
                Change(name="Description", before=self.held.description, after=given.description)
            )
        if "labels" in given.model_fields_set:
            lines.append(
                Change(
                    name="Labels",
                    before=labels.lines(self.held.labels),
                    after=labels.lines(given.labels),
                )
            )
        if changes_ttl := "ttl" in given.model_fields_set:
            lines.append(
                Change(
                    name="Duration without a sandbox",
                    after=LASTS[f"{given.ttl:.0f}" if given.ttl else ""],
                )
            )
        manual = changes_ttl and self.held.owner_kind != "static"
        return Preview(
            button="Save changes", lines=lines, warnings=[_BECOMES_MANUAL] if manual else []
        )

    def do(self, given: ReservationChange, actor: Actor) -> str:
        if wanted := given.model_dump(exclude_unset=True):
            use_cases.edit(self.store, self.key, wanted, actor)
        return self.back

    def context(self) -> Mapping[str, Any]:
        return {"held": self.held, "lasts": {_KEEP: "as it is", **LASTS}}


@blueprint.route(f"/addresses/<{ID}:network_id>/<address>/edit", methods=["GET", "POST"])
@least_role("operator")
def edit_reservation(network_id: int, address: str) -> Response:
    """Change a reservation."""
    return EditReservation(network_id, canonical(address)).answer()
