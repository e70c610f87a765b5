"""The steps of an action: form, preview, confirmation. They work without scripts.

GET           the form, or the preview for an action without a form
POST          a redirect to the preview, or the form with an error beside each invalid field
GET preview=1 the preview of the values in the URL, so that it can be reloaded and returned to
POST confirmed=1   the change, then a redirect to its entries in the audit log, or to the result
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar
from urllib.parse import urlencode

from flask import g, make_response, redirect, render_template, request, url_for

from rowhouse.auth.caller import current_caller, namespaces_seen
from rowhouse.domain.administration import Actor
from rowhouse.domain.echo import shown
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
_PREVIEW: Final = "preview"
_MAX_URL: Final = 2000
_OURS = {CSRF, CONFIRMED, _EDIT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A line of the preview: the field, its value before ("" if it has none yet), and its value after."""

    name: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What will happen: the button's label, the lines that change, and warnings.

    `consent` labels a checkbox that the user must also tick (the field "force"), and `typed` is a name that they
    must type; "" if none is needed. `hidden` are further fields of the form, such as what the user saw.
    """

    button: str
    lines: Sequence[Change] = ()
    warnings: Sequence[str] = ()
    consent: str = ""
    typed: str = ""
    harmful: bool = False
    hidden: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form with the user's values and their errors."""

    values: Mapping[str, str]
    problems: Mapping[str, str] = field(default_factory=dict)
    error: RowhouseError | None = None


class Action(ABC, Generic[Given]):
    """An action that an operator may take. Views create one per request and call `answer`."""

    form: ClassVar[str] = ""
    """The template of the form; "" if the action has no form."""

    asks_for_name: ClassVar[bool] = False
    """Whether the user must type a name to confirm: `typed` of the preview."""

    shows_entries: ClassVar[bool] = True
    """Whether a page with the entries of the audit log follows; its link leads to the result."""

    def __init__(self) -> None:
        self.store: Database = store()

    @property
    @abstractmethod
    def title(self) -> str:
        """The action and its object."""

    @property
    @abstractmethod
    def back(self) -> str:
        """The path of the page of the object."""

    def initial(self) -> Mapping[str, str]:
        """The initial values of the form."""
        return request.args

    @abstractmethod
    def read(self, values: Mapping[str, str]) -> Given:
        """Parse the form's values. Raises InvalidRequest."""

    @abstractmethod
    def preview(self, given: Given) -> Preview:
        """Return the preview. Raises the errors of `do` that can be known in advance."""

    @abstractmethod
    def do(self, given: Given, actor: Actor) -> str:
        """Make the change. Returns the path of the page that shows the result."""

    def context(self) -> Mapping[str, Any]:
        """Further variables for the form's template."""
        return {}

    def answer(self) -> Response:
        """Return the page for the current request, or a redirect to the next page."""
        if request.method == "GET":
            if self.form and _PREVIEW in request.args:
                return self._from_url()
            values = self.initial()
            return self._asked(Filled(values=values)) if self.form else self._previewed(values)
        # Selected rows of a table have one name; no value of theirs has a space.
        given = request.form.lists()
        values = {name: " ".join(texts) for name, texts in given if name not in _OURS}
        if _EDIT in request.form:
            return self._asked(Filled(values=values))
        try:
            if CONFIRMED not in request.form:
                page = self._previewed(values)
                target_url = f"{request.path}?{urlencode({**values, _PREVIEW: '1'})}"
                # A page of a GET can be reloaded, and returned to. A long list of addresses does not fit into a URL.
                return (
                    redirect(target_url, 303) if self.form and len(target_url) <= _MAX_URL else page
                )
            wanted = self.read(values)
            if self.asks_for_name:
                _check_typed(self.preview(wanted).typed, values.get("typed", ""))
            target = self.do(wanted, _actor())
        except RowhouseError as error:
            filled = Filled(values=values, problems=_problems(error), error=error)
            return self._asked(filled) if self.form else self._previewed(values, error)
        # A team has no access to the audit log.
        if self.shows_entries and namespaces_seen() is None:
            target = url_for("web.done", request_id=g.request_id, back=target)
        return redirect(target, 303)

    def _from_url(self) -> Response:
        """Return the preview of the values in the URL, or the form if they are not valid."""
        values = {name: text for name, text in request.args.items() if name != _PREVIEW}
        try:
            return self._previewed(values)
        except RowhouseError as error:
            return self._asked(Filled(values=values, problems=_problems(error), error=error))

    def _asked(self, filled: Filled) -> Response:
        status = filled.error.http_status if filled.error else 200
        page = render_template(self.form, action=self, filled=filled, **self.context())
        return make_response(page, status)

    def _previewed(self, values: Mapping[str, str], error: RowhouseError | None = None) -> Response:
        preview = self.preview(self.read(values))
        page = render_template(
            "actions/preview.html",
            action=self,
            preview=preview,
            values={**values, **preview.hidden},
            error=error,
        )
        return make_response(page, error.http_status if error else 200)


def changes(
    before: Mapping[str, str], after: Mapping[str, str], labels: Mapping[str, str]
) -> list[Change]:
    """One line per field whose value changes."""
    return [
        Change(name=label, before=before.get(name, ""), after=after.get(name, ""))
        for name, label in labels.items()
        if after.get(name, "") != before.get(name, "")
    ]


def _check_typed(wanted: str, typed: str) -> None:
    if wanted and typed.strip() != wanted:
        raise InvalidRequest(
            f"{shown(typed)} is not {shown(wanted)}", hint=f"Type {wanted} to confirm."
        )


def _actor() -> Actor:
    return Actor(name=current_caller().name, request_id=g.get("request_id", ""))


def _problems(error: RowhouseError) -> dict[str, str]:
    """Errors by field name: "/owner/name" becomes "owner.name", "/addresses/0" becomes "addresses"."""
    if not isinstance(error, InvalidRequest):
        return {}
    wrong: dict[str, str] = {}
    for pointer, detail in error.errors:
        parts = [part for part in pointer.split("/") if part and not part.isdecimal()]
        wrong.setdefault(".".join(parts), detail)
    return wrong
