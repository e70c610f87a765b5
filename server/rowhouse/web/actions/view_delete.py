"""Delete a saved view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.auth.guard import least_role
from rowhouse.domain.saved_views import TABLES
from rowhouse.ipam import saved_views
from rowhouse.web.actions.flow import Change, Preview
from rowhouse.web.actions.view_save import ViewAction
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.layout.field_names import field_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor


class DeleteView(ViewAction[None]):
    """Delete a view."""

    def __init__(self, view_id: int) -> None:
        super().__init__()
        self.view = saved_views.deletable(self.store, view_id, self.viewer)

    @property
    def title(self) -> str:
        return f"Delete the view {self.view.name}"

    def read(self, values: Mapping[str, str]) -> None:
        """There is nothing to fill in."""

    def preview(self, given: None) -> Preview:  # noqa: ARG002 - there is nothing to fill in
        lines = [
            Change(name="Name", before=self.view.name),
            Change(name="Table", before=TABLES[self.view.table_name].title),
            Change(name="Author", before=self.view.author),
        ]
        if self.view.query is not None:
            lines.append(Change(name=field_name("query"), before=self.view.query))
        shared = ["All users see this view."] if self.view.is_shared else []
        return Preview(button="Delete view", lines=lines, warnings=shared, harmful=True)

    def do(self, given: None, actor: Actor) -> str:  # noqa: ARG002 - there is nothing to fill in
        saved_views.delete(self.store, self.viewer, self.view.id, actor)
        return self.back


@blueprint.route(f"/views/<{ID}:view_id>/delete", methods=["GET", "POST"])
@least_role("team")
def delete_view(view_id: int) -> Response:
    """Delete a view."""
    return DeleteView(view_id).answer()
