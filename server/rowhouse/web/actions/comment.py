"""Comment on an address or a pool, and remove a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import url_for

from rowhouse.api.calls import read_values
from rowhouse.api.comments import NewComment
from rowhouse.auth.caller import current_caller, has_role, namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.ipam import comments as use_cases
from rowhouse.ipam import pools
from rowhouse.ipam.missing import missing
from rowhouse.store.inventory import comments as rows
from rowhouse.store.inventory import networks
from rowhouse.web.actions.addresses import canonical
from rowhouse.web.actions.flow import Action, Change, Preview
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.database import store
from rowhouse.web.session.account import may, reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.reads import Record

MAX_SHOWN = 50


class WriteComment(Action[NewComment]):
    """Comment on an address of a network, or (`address` None) on a pool."""

    form = "actions/comment.html"

    def __init__(self, *, network_id: int | None, address: str | None, pool_id: int | None) -> None:
        super().__init__()
        self.about = {"network_id": network_id, "address": address, "pool_id": pool_id}
        self.name = address or pools.pool(self.store, pool_id or 0).cidr

    @property
    def title(self) -> str:
        return f"Comment on {self.name}"

    @property
    def back(self) -> str:
        if self.about["address"] is None:
            return url_for("web.pool", pool_id=self.about["pool_id"])
        return url_for("web.address", network_id=self.about["network_id"], address=self.name)

    def read(self, values: Mapping[str, str]) -> NewComment:
        text = values.get("text", "").replace("\r\n", "\n").strip()
        return read_values(NewComment, {**self.about, "text": text})

    def preview(self, given: NewComment) -> Preview:
        return Preview(button="Write comment", lines=[Change(name="Comment", after=given.text)])

    def do(self, given: NewComment, actor: Actor) -> str:
        use_cases.write(self.store, **given.model_dump(), actor=actor)
        return self.back


class RemoveComment(Action[None]):
    """Remove a comment."""

    def __init__(self, comment_id: int) -> None:
        super().__init__()
        self.comment = use_cases.comment(self.store, comment_id)

    @property
    def title(self) -> str:
        return f"Remove comment {self.comment.id}"

    @property
    def back(self) -> str:
        if self.comment.address is None:
            return url_for("web.pool", pool_id=self.comment.pool_id)
        return url_for(
            "web.address", network_id=self.comment.network_id, address=self.comment.address
        )

    def read(self, values: Mapping[str, str]) -> None:
        """There is nothing to fill in."""

    def preview(self, given: None) -> Preview:  # noqa: ARG002 - there is nothing to fill in
        lines = [
            Change(name="Author", before=self.comment.author),
            Change(name="Comment", before=self.comment.text),
        ]
        return Preview(button="Remove comment", lines=lines, harmful=True)

    def do(self, given: None, actor: Actor) -> str:  # noqa: ARG002 - there is nothing to fill in
        is_admin = has_role(current_caller(), "admin")
        use_cases.remove(self.store, self.comment.id, actor, is_admin=is_admin)
        return self.back


@blueprint.app_template_global("comments_on")
def comments_on(
    *, network_id: int | None = None, address: str | None = None, pool_id: int | None = None
) -> Sequence[Record]:
    """Return the latest comments on an address or a pool; a team sees none, because they outlive the owners."""
    if namespaces_seen() is not None:
        return []
    return rows.search(
        store(),
        network_id=network_id,
        address=address,
        pool_id=pool_id,
        before=None,
        limit=MAX_SHOWN,
    )


@blueprint.app_template_global("may_remove")
def may_remove(comment: Any) -> bool:
    """Whether the user may remove a comment."""
    caller = reader()
    is_author = caller is not None and caller.name == comment.author
    return may("admin") or (may("operator") and is_author)


@blueprint.route(f"/addresses/<{ID}:network_id>/<address>/comment", methods=["GET", "POST"])
@least_role("operator")
def comment_on_address(network_id: int, address: str) -> Response:
    """Comment on an address."""
    written = canonical(address)
    if networks.get(store(), network_id) is None:
        raise missing("network", network_id)
    return WriteComment(network_id=network_id, address=written, pool_id=None).answer()


@blueprint.route(f"/pools/<{ID}:pool_id>/comment", methods=["GET", "POST"])
@least_role("operator")
def comment_on_pool(pool_id: int) -> Response:
    """Comment on a pool."""
    return WriteComment(network_id=None, address=None, pool_id=pool_id).answer()


@blueprint.route(f"/comments/<{ID}:comment_id>/remove", methods=["GET", "POST"])
@least_role("operator")
def remove_comment(comment_id: int) -> Response:
    """Remove a comment."""
    return RemoveComment(comment_id).answer()
