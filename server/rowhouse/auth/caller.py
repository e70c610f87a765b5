"""Who makes the current request, and what they may do.

The guard (`rowhouse.auth.guard`) has found that out before a view runs; views ask here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from flask import g

from rowhouse.auth.bearer_token import no_token
from rowhouse.domain.errors import NotAllowed

Role = Literal["node", "viewer", "operator", "admin"]
PersonRole = Literal["viewer", "operator", "admin"]

_RANK: Final[dict[Role, int]] = {"node": 0, "viewer": 1, "operator": 2, "admin": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who has proved who they are.

    `cluster` and `node` are set where the token is bound to them: its bearer acts for them alone.
    """

    name: str
    role: Role
    cluster: str | None = None
    node: str | None = None


ANYBODY: Final = Caller(name="anybody", role="admin")
"""Everybody, where no access is configured: the server then listens on loopback only."""


def current_caller() -> Caller:
    """Who makes the current request.

    Errors: Unauthenticated.
    """
    found: Caller | None = g.get("caller")
    if found is None:
        raise no_token()
    return found


def has_role(caller: Caller, role: PersonRole) -> bool:
    """Whether somebody has the role `role` or a higher one."""
    return _RANK[caller.role] >= _RANK[role]


def require_role(role: PersonRole) -> Caller:
    """Who makes the current request, if their role is `role` or a higher one.

    Errors: Unauthenticated, NotAllowed.
    """
    caller = current_caller()
    if not has_role(caller, role):
        raise NotAllowed(
            f'"{caller.name}" has the role {caller.role}, and this needs {role}',
            hint="Ask an administrator for a token with that role.",
        )
    return caller


def require_node(cluster: str, node: str) -> tuple[str, str]:
    """The cluster and node that the current CNI call is made for.

    Args:
        cluster: as the request's header says; "" if it says nothing.
        node: likewise.

    What the token is bound to counts; a header may repeat it, and may say something only where the
    token is not bound. An administrator may act for every node.

    Errors: Unauthenticated, NotAllowed.
    """
    caller = current_caller()
    if caller.role not in {"node", "admin"}:
        raise NotAllowed(
            f'"{caller.name}" has the role {caller.role}, and only nodes may make CNI calls',
            hint="Give the plugin a token with the role node.",
        )
    return (
        _own(caller, "cluster", caller.cluster, cluster),
        _own(caller, "node", caller.node, node),
    )


def bound_node() -> str | None:
    """The node whose attachments alone the current caller may see and end; None: any."""
    return current_caller().node


def _own(caller: Caller, what: str, own: str | None, named: str) -> str:
    if own is None:
        return named
    if named and named != own:
        raise NotAllowed(
            f'the token "{caller.name}" is for {what} "{own}", not for "{named}"',
            hint=f"Correct `{what}` in the plugin's settings file, or its token.",
        )
    return own
