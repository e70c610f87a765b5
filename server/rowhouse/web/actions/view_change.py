"""Rename, share or overwrite a saved view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.api.calls import read_values
from rowhouse.api.views import ViewChange, checked
from rowhouse.auth.guard import least_role
from rowhouse.ipam import saved_views
from rowhouse.web.actions.flow import Preview, changes
from rowhouse.web.actions.view_save import ViewAction
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.layout.field_names import field_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor


class ChangeView(ViewAction[ViewChange]):
    """Change a view: its name and whether it is shared, or (`query` of the form) what it shows."""

    form = "actions/view.html"

    def __init__(self, view_id: int) -> None:
        super().__init__()
        self.view = saved_views.changeable(self.store, view_id, self.viewer)

    @property
    def title(self) -> str:
        return f"Edit the view {self.view.name}"

    def initial(self) -> Mapping[str, str]:
        shared = "true" if self.view.is_shared else ""
        return {**super().initial(), "name": self.view.name, "shared": shared}

    def read(self, values: Mapping[str, str]) -> ViewChange:
        if "name" not in values:
            return read_values(ViewChange, {"query": values.get("query", "")})
        shared = values.get("shared") == "true" if self.viewer.is_operator else None
        return read_values(ViewChange, {"name": values["name"].strip(), "shared": shared})

    def preview(self, given: ViewChange) -> Preview:
        before = {"name": self.view.name, "query": self.view.query}
        after = {"name": given.name or self.view.name, "query": given.query or self.view.query}
        lines = changes(before, after, {name: field_name(name) for name in before})
        return Preview(button="Save view", lines=lines)

    def do(self, given: ViewChange, actor: Actor) -> str:
        changed = saved_views.change(
            self.store,
            self.viewer,
            self.view.id,
            name=given.name,
            query=None if given.query is None else checked(self.view.table_name, given.query),
            is_shared=given.shared,
            actor=actor,
        )
        return self.opened(changed)


@blueprint.route(f"/views/<{ID}:view_id>/edit", methods=["GET", "POST"])
@least_role("team")
def change_view(view_id: int) -> Response:
    """Rename, share or overwrite a view."""
    return ChangeView(view_id).answer()
