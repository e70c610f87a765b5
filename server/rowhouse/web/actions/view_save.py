"""Save a view of a table: its filter, order and columns under a name."""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING

from flask import request, url_for

from rowhouse.api.calls import read_values
from rowhouse.api.views import NewView, checked, viewer
from rowhouse.auth.guard import least_role
from rowhouse.domain.saved_views import opened
from rowhouse.ipam import saved_views
from rowhouse.web.actions.flow import Action, Change, Given, Preview
from rowhouse.web.blueprint import blueprint
from rowhouse.web.session.target import local

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.reads import Record


class ViewAction(Action[Given], ABC):
    """An action on a saved view, which returns to the table: `back` of the form is the path of its page."""

    shows_entries = False

    def __init__(self) -> None:
        super().__init__()
        self.viewer = viewer()

    @property
    def back(self) -> str:
        return local(request.values.get("back", "/"))

    def initial(self) -> Mapping[str, str]:
        return {"back": request.args.get("back", "")}

    def opened(self, view: Record) -> str:
        """Return the path of the table's page, as the view shows it; from the list of views, that of the list."""
        if view.table_name != "views" and self.back.partition("?")[0] == url_for("web.views"):
            return self.back
        return opened(self.back.partition("?")[0], view.query, view.id)


class SaveView(ViewAction[NewView]):
    """Save a view."""

    form = "actions/view.html"

    @property
    def title(self) -> str:
        return "Save view"

    def initial(self) -> Mapping[str, str]:
        known = ("table", "query", "back")
        return {name: request.args[name] for name in known if name in request.args}

    def read(self, values: Mapping[str, str]) -> NewView:
        return read_values(
            NewView,
            {
                "table": values.get("table", ""),
                "name": values.get("name", "").strip(),
                "query": values.get("query", ""),
                "shared": values.get("shared") == "true",
            },
        )

    def preview(self, given: NewView) -> Preview:
        lines = [Change(name="Name", after=given.name)]
        return Preview(button="Save view", lines=lines)

    def do(self, given: NewView, actor: Actor) -> str:
        made = saved_views.save(
            self.store,
            self.viewer,
            table=given.table,
            name=given.name,
            query=checked(given.table, given.query),
            is_shared=given.shared,
            actor=actor,
        )
        return self.opened(made)


@blueprint.route("/views/new", methods=["GET", "POST"])
@least_role("team")
def save_view() -> Response:
    """Save a view of a table."""
    return SaveView().answer()
