"""Approve, decline and withdraw a request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from flask import url_for

from rowhouse.api.calls import read_values
from rowhouse.api.requests import Refusal, Withdrawal
from rowhouse.auth.caller import namespaces_seen, require_namespace, require_writer
from rowhouse.auth.guard import least_role
from rowhouse.ipam import requests as use_cases
from rowhouse.web.actions.flow import Action, Change, Preview
from rowhouse.web.actions.reserve import duration, lowest
from rowhouse.web.blueprint import ID, blueprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor
    from rowhouse.domain.requesting import Decision


class _Decide(Action[str]):
    """End a request; what the form gives is the reason."""

    decision: ClassVar[Decision]
    verb: ClassVar[str]

    def __init__(self, request: int) -> None:
        super().__init__()
        self.asked = use_cases.request(self.store, request, namespaces=namespaces_seen())

    @property
    def title(self) -> str:
        return f"{self.verb} request {self.asked.id}"

    @property
    def back(self) -> str:
        return url_for("web.request", request=self.asked.id)

    def initial(self) -> Mapping[str, str]:
        return {}

    def read(self, values: Mapping[str, str]) -> str:
        return values.get("reason", "").replace("\r\n", "\n").strip()

    def preview(self, given: str) -> Preview:
        asked = self.asked
        lines = [
            Change(name="Requested by", before=asked.requested_by),
            Change(name="Owner", before=f"{asked.namespace}/{asked.name}"),
            Change(
                name="Addresses",
                before=", ".join(asked.addresses) if asked.addresses else lowest(asked.how_many),
            ),
            Change(name="Pool", before=asked.pool),
            Change(name="Duration", before=duration(asked.ttl)),
            Change(name="Description", before=asked.description),
        ]
        # With a form, a line without a value after it means that the value goes.
        shown = [Change(name=line.name, after=line.before) if self.form else line for line in lines]
        reason = [Change(name="Reason", after=given)] if given else []
        return Preview(
            button=f"{self.verb} request",
            lines=[line for line in shown if line.before or line.after] + reason,
        )

    def do(self, given: str, actor: Actor) -> str:
        use_cases.decide(self.store, self.asked.id, self.decision, actor, reason=given)
        return self.back


class Approve(_Decide):
    """Reserve the addresses. What is given is the consent to reserve a gateway, or a network or broadcast address."""

    decision = "approved"
    verb = "Approve"

    def read(self, values: Mapping[str, str]) -> str:
        return values.get("force", "")

    def preview(self, given: str) -> Preview:  # noqa: ARG002 - previewed as it is now
        shown = super().preview("")
        asked = self.asked
        warnings = [f"{reason}." for reason in asked.needs_force]
        if asked.not_free:
            taken = ", ".join(asked.not_free)
            warnings.append(f"{taken}: in use or in quarantine now. The approval will be refused.")
        consent = "Reserve it anyway" if asked.needs_force else ""
        return replace(shown, warnings=warnings, consent=consent)

    def do(self, given: str, actor: Actor) -> str:
        use_cases.decide(self.store, self.asked.id, self.decision, actor, force=bool(given))
        return self.back


class Decline(_Decide):
    """Refuse the request, with a reason."""

    form = "actions/request_decline.html"
    decision = "declined"
    verb = "Decline"

    def read(self, values: Mapping[str, str]) -> str:
        return read_values(Refusal, {"reason": super().read(values)}).reason


class Withdraw(_Decide):
    """Take the request back."""

    decision = "withdrawn"
    verb = "Withdraw"

    def read(self, values: Mapping[str, str]) -> str:
        return read_values(Withdrawal, {"reason": super().read(values)}).reason


@blueprint.route(f"/requests/<{ID}:request>/approve", methods=["GET", "POST"])
@least_role("operator")
def approve_request(request: int) -> Response:
    """Approve a request."""
    return Approve(request).answer()


@blueprint.route(f"/requests/<{ID}:request>/decline", methods=["GET", "POST"])
@least_role("operator")
def decline_request(request: int) -> Response:
    """Decline a request."""
    return Decline(request).answer()


@blueprint.route(f"/requests/<{ID}:request>/withdraw", methods=["GET", "POST"])
@least_role("team")
def withdraw_request(request: int) -> Response:
    """Withdraw a request."""
    require_writer()
    action = Withdraw(request)
    require_namespace(action.asked.namespace)
    return action.answer()
