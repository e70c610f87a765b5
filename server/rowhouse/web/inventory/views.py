"""The list of saved views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from flask import render_template, url_for

from rowhouse.api.views import viewer
from rowhouse.auth.guard import least_role
from rowhouse.domain.saved_views import TABLES, opened
from rowhouse.ipam import saved_views
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.field_names import field_name
from rowhouse.web.table import Choice, Column, InMemory, RowAction, Table, exported, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Response

    from rowhouse.domain.saved_views import Viewer
    from rowhouse.store.connection.reads import Record

    Whose = Literal["mine", "shared", "private"]

MAX_VIEWS_LISTED: Final = 100_000
_TEXTS: Final[dict[Whose, str]] = {
    "mine": "mine",
    "shared": "shared",
    "private": "private, of others",
}
_LEAD: Final = "Filter, order and columns of a table under a name: your own views, and shared ones."
_OPERATORS_LEAD: Final = (
    " To operators, this list also names the private views of others, so that they can delete them."
)


@dataclass(frozen=True, slots=True)
class ViewRow:
    """A view, and the user who looks at it."""

    view: Record
    viewer: Viewer

    @property
    def title(self) -> str:
        """The title of the view's table."""
        name = self.view.table_name
        return TABLES[name].title if name in TABLES else str(name)

    @property
    def path(self) -> str:
        """Where the view is open; "" if each pool has such a page, or if the view is private."""
        view = self.view
        path = TABLES[view.table_name].path if view.table_name in TABLES else ""
        return opened(path, view.query, view.id) if path and view.query is not None else ""

    @property
    def whose(self) -> Whose:
        """Whether it is the user's own, shared by another, or private."""
        if self.view.author == self.viewer.name:
            return "mine"
        return "shared" if self.view.is_shared else "private"

    def actions(self) -> Iterator[RowAction]:
        """Yield what the user may do with it."""
        view, back = self.view, url_for("web.views")
        if saved_views.may_change(view, self.viewer):
            edit = url_for("web.change_view", view_id=view.id, back=back)
            yield RowAction(label="Edit", path=edit)
        if saved_views.may_delete(view, self.viewer):
            delete = url_for("web.delete_view", view_id=view.id, back=back)
            yield RowAction(label="Delete", path=delete)


@blueprint.get("/views")
@least_role("team")
def views() -> str:
    """Show the user's own views and shared ones; to an operator, also that others have private ones."""
    lead = _LEAD + (_OPERATORS_LEAD if viewer().is_operator else "")
    return render_template("inventory/list.html", table=shown(_table()), lead=lead)


@blueprint.get("/views.<any(csv,json):suffix>")
@least_role("team")
def views_export(suffix: str) -> Response:
    """Export the views, as the table shows them."""
    return exported(_table(), suffix)


def _table() -> Table:
    path = url_for("web.views")
    user = viewer()
    known = saved_views.views(store(), user, of_all=user.is_operator, limit=MAX_VIEWS_LISTED)
    whose: tuple[Whose, ...] = ("mine", "shared", *(("private",) if user.is_operator else ()))
    return Table(
        name="views",
        label="Views",
        path=path,
        export=path,
        rows=InMemory(
            [ViewRow(view, user) for view in known],
            orders={},
            equal={"table": lambda one: one.view.table_name, "whose": lambda one: one.whose},
        ),
        sort="table",
        hint="Name, table, author",
        empty="No view is saved. “Views” above a table saves its filter, order and columns.",
        actions=lambda one: tuple(one.actions()),
        choices=(
            Choice(
                name="table",
                label="Table",
                options=[(name, one.title) for name, one in TABLES.items() if user.may_see(name)],
            ),
            Choice(
                name="whose",
                label="Whose",
                options=[(one, _TEXTS[one].capitalize()) for one in whose],
            ),
        ),
        columns=(
            Column(
                name="name",
                label=field_name("name"),
                value=lambda one: one.view.name,
                href=lambda one: one.path,
            ),
            Column(
                name="table",
                label="Table",
                value=lambda one: one.title,
            ),
            Column(name="author", label=field_name("author"), value=lambda one: one.view.author),
            Column(
                name="whose",
                label="Whose",
                kind="tag",
                value=lambda one: one.whose,
                text=lambda one: _TEXTS[one.whose],
            ),
            Column(name="shared", label="Shared", value=lambda one: one.view.is_shared),
            Column(
                name="saved_at",
                label=field_name("saved_at"),
                kind="moment",
                value=lambda one: one.view.saved_at,
            ),
        ),
    )
