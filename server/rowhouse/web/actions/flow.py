"""From a form over a preview to the deed: plain forms, that need no script.

GET           the form; for what has nothing to fill in, at once the preview
POST          the preview; or the form again, with what is wrong beside each field
POST confirmed=1   the deed, and on to its entries in the audit log
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from flask import g, make_response, redirect, render_template, request, url_for

from rowhouse.auth.caller import current_caller
from rowhouse.domain.administration import Actor
from rowhouse.domain.errors import InvalidRequest, RowhouseError
from rowhouse.web.database import store
from rowhouse.web.session.csrf import FIELD as CSRF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.wrappers import Response

    from rowhouse.store.connection.database import Database

Given = TypeVar("Given")

CONFIRMED = "confirmed"
_EDIT = "edit"
_PLAINER = {"String should have at least 1 character": "This is needed"}
_OURS = {CSRF, CONFIRMED, _EDIT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A line of the preview: what it is about, how it is now ("" where nothing is yet), and how it will be."""

    name: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What will happen: the button says it, the lines show it, the warnings tell what to think of.

    `consent` is what somebody has to tick besides (the field "force"); "" for nothing.
    """

    button: str
    lines: Sequence[Change] = ()
    warnings: Sequence[str] = ()
    consent: str = ""
    harmful: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form as somebody has filled it in, and what is wrong with it."""

    values: Mapping[str, str]
    problems: Mapping[str, str] = field(default_factory=dict)
    error: RowhouseError | None = None


class Action(ABC, Generic[Given]):
    """One thing that an operator may do. Views make one for each request and let it `answer`."""

    form: ClassVar[str] = ""
    """The template of the form; "" where there is nothing to fill in."""

    def __init__(self) -> None:
        self.store: Database = store()

    @property
    @abstractmethod
    def title(self) -> str:
        """What is done, to what."""

    @property
    @abstractmethod
    def back(self) -> str:
        """The path of the page that this is about."""

    def initial(self) -> Mapping[str, str]:
        """What the form shows before somebody has filled it in."""
        return request.args

    @abstractmethod
    def read(self, values: Mapping[str, str]) -> Given:
        """What is filled in. Raises InvalidRequest."""

    @abstractmethod
    def preview(self, given: Given) -> Preview:
        """What will happen. Raises what the deed would raise, if that can be known before."""

    @abstractmethod
    def do(self, given: Given, actor: Actor) -> str:
        """Do it. The path of the page that shows what has become of it."""

    def context(self) -> Mapping[str, Any]:
        """What the form's template needs beside the values."""
        return {}

    def answer(self) -> Response:
        """The page for the current request, or the way to the next one."""
        if request.method == "GET":
            values = self.initial()
            return self._asked(Filled(values=values)) if self.form else self._previewed(values)
        values = {name: text for name, text in request.form.items() if name not in _OURS}
        if _EDIT in request.form:
            return self._asked(Filled(values=values))
        try:
            if CONFIRMED not in request.form:
                return self._previewed(values)
            target = self.do(self.read(values), _actor())
        except RowhouseError as error:
            filled = Filled(values=values, problems=_problems(error), error=error)
            return self._asked(filled) if self.form else self._previewed(values, error)
        return redirect(url_for("web.done", request_id=g.request_id, back=target), 303)

    def _asked(self, filled: Filled) -> Response:
        status = filled.error.http_status if filled.error else 200
        page = render_template(self.form, action=self, filled=filled, **self.context())
        return make_response(page, status)

    def _previewed(self, values: Mapping[str, str], error: RowhouseError | None = None) -> Response:
        preview = self.preview(self.read(values))
        page = render_template(
            "actions/preview.html", action=self, preview=preview, values=values, error=error
        )
        return make_response(page, error.http_status if error else 200)


def changes(
    before: Mapping[str, str], after: Mapping[str, str], labels: Mapping[str, str]
) -> list[Change]:
    """A line for each field whose value is another one afterwards."""
    return [
        Change(name=label, before=before.get(name, ""), after=after.get(name, ""))
        for name, label in labels.items()
        if after.get(name, "") != before.get(name, "")
    ]


def _actor() -> Actor:
    return Actor(name=current_caller().name, request_id=g.get("request_id", ""))


def _problems(error: RowhouseError) -> dict[str, str]:
    """What is wrong, by the name of the field: "/owner/name" is "owner.name", "/addresses/0" "addresses"."""
    if not isinstance(error, InvalidRequest):
        return {}
    wrong: dict[str, str] = {}
    for pointer, detail in error.errors:
        parts = [part for part in pointer.split("/") if part and not part.isdecimal()]
        wrong.setdefault(".".join(parts), _PLAINER.get(detail, detail))
    return wrong
