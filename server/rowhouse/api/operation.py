"""What describes an operation of the API; `operations.py` has the table of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse.api.calls import Reply
    from rowhouse.api.fields import Answer, Request
    from rowhouse.auth.caller import LeastRole

BASE: Final = "/api/v1"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path. `path` is a Flask rule below BASE.

    An operation with the role `team` limits what it reads and changes to `namespaces` of its call.
    `error_statuses` are the statuses with which it may refuse a well-formed request, in addition to those that
    every operation has. `tagged`: it supports ETag and If-Match. `is_personal`: it changes what belongs to the
    caller, so a viewer may call it too.
    """

    method: str
    path: str
    role: LeastRole
    view: Callable[..., Reply]
    query: type[Request] | None = None
    body: type[Request] | None = None
    answer: type[Answer] | None = None
    status: int = 200
    error_statuses: tuple[int, ...] = ()
    tagged: bool = False
    is_personal: bool = False

    @property
    def name(self) -> str:
        """Its name: the operationId and the endpoint."""
        return self.view.__name__

    @property
    def is_change(self) -> bool:
        """Whether it changes something, and so can be a dry run."""
        return self.method != "GET"

    @property
    def tag(self) -> str:
        """The resource."""
        return self.path.split("/")[1]


def get(path: str, view: Callable[..., Reply], answer: type[Answer], **more: Any) -> Operation:
    """Return an operation that reads, for viewers unless `more` names another role."""
    more = {"role": "viewer", **more}
    return Operation(method="GET", path=path, view=view, answer=answer, **more)


def post(
    path: str, view: Callable[..., Reply], body: type[Request], answer: type[Answer], **more: Any
) -> Operation:
    """Return an operation that creates, for operators unless `more` names another role."""
    more = {"role": "operator", "status": 201, **more}
    return Operation(method="POST", path=path, view=view, body=body, answer=answer, **more)


def patch(
    path: str, view: Callable[..., Reply], body: type[Request], answer: type[Answer], **more: Any
) -> Operation:
    """Return an operation that changes an object, for operators unless `more` names another role."""
    more = {"role": "operator", **more}
    return Operation(method="PATCH", path=path, view=view, body=body, answer=answer, **more)


def delete(path: str, view: Callable[..., Reply], role: LeastRole, **more: Any) -> Operation:
    """Return an operation that deletes an object, for callers with this role."""
    return Operation(method="DELETE", path=path, role=role, view=view, status=204, **more)
