"""The caller of the current request and its permissions.

The guard (`rowhouse.auth.guard`) sets them before a view runs; views read them here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from flask import g

from rowhouse.auth.bearer_token import no_token
from rowhouse.domain.errors import NotAllowed

Role = Literal["node", "team", "viewer", "operator", "admin"]
PersonRole = Literal["viewer", "operator", "admin"]
"""The roles of people who may see every namespace."""

LeastRole = Literal["team", "viewer", "operator", "admin"]
"""What a view may require. With `team`, the view limits what it shows to `namespaces_seen`."""

_RANK: Final[dict[Role, int]] = {"node": 0, "team": 1, "viewer": 2, "operator": 3, "admin": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An authenticated caller.

    `cluster` and `node` are set if the token is bound to them: the caller then acts for them only. `namespaces` are
    those that a team sees, in all clusters; None for every other role.
    """

    name: str
    role: Role
    cluster: str | None = None
    node: str | None = None
    namespaces: tuple[str, ...] | None = None


ANYBODY: Final = Caller(name="anybody", role="admin")
"""Every caller while access control is not configured; the server then listens on loopback only."""


def current_caller() -> Caller:
    """Return the caller of the current request.

    Errors: Unauthenticated.
    """
    found: Caller | None = g.get("caller")
    if found is None:
        raise no_token()
    return found


def role_named(name: str) -> Role:
    """Return a role by its name in the database, where a later release may have added one.

    Raises:
        NotAllowed: this server does not know the role, so it cannot tell what it allows.
    """
    if name not in _RANK:
        raise NotAllowed(
            f'this server does not know the role "{name}"',
            hint="Upgrade the server, or ask an administrator for a token with another role.",
        )
    return name


def has_role(caller: Caller, role: LeastRole) -> bool:
    """Whether the caller has the role `role` or a higher one."""
    return _RANK[caller.role] >= _RANK[role]


def require_role(role: LeastRole) -> Caller:
    """Return the caller of the current request if its role is `role` or a higher one.

    Errors: Unauthenticated, NotAllowed.
    """
    caller = current_caller()
    if not has_role(caller, role):
        if caller.role == "team":
            raise NotAllowed(
                f'"{caller.name}" has the role team, but this requires {role}',
                hint=f"A team sees the addresses of its namespaces ({', '.join(caller.namespaces or ())}) and"
                " requests more; ask an operator for anything else.",
            )
        raise NotAllowed(
            f'"{caller.name}" has the role {caller.role}, but this requires {role}',
            hint="Ask an administrator for a token with that role.",
        )
    return caller


def namespaces_seen() -> tuple[str, ...] | None:
    """Return the namespaces that the current caller may see; None: all of them.

    Errors: Unauthenticated.
    """
    return current_caller().namespaces


def shared_reader() -> Caller:
    """Return a caller without a name who sees what the current one sees and may change nothing.

    What is rendered for it can be shown to every caller for whom this returns an equal one.

    Errors: Unauthenticated.
    """
    seen = namespaces_seen()
    if seen is None:
        return Caller(name="", role="viewer")
    return Caller(name="", role="team", namespaces=tuple(sorted(set(seen))))


def require_writer() -> Caller:
    """Return the current caller unless its role only reads: a team may send requests, a viewer may change nothing.

    Errors: Unauthenticated, NotAllowed.
    """
    caller = current_caller()
    return require_role("operator") if caller.role == "viewer" else caller


def require_namespace(namespace: str) -> Caller:
    """Return the current caller if it may request addresses for this namespace: its team, or an operator.

    Errors: Unauthenticated, NotAllowed.
    """
    caller = current_caller()
    if caller.role != "team":
        return require_role("operator")
    if namespace not in (caller.namespaces or ()):
        raise NotAllowed(
            f'"{caller.name}" may not request addresses for namespace "{namespace}"',
            hint=f"Choose one of your namespaces: {', '.join(caller.namespaces or ())}.",
        )
    return caller


def require_node(cluster: str, node: str) -> tuple[str, str]:
    """Return the cluster and node of the current CNI call.

    Args:
        cluster: the request's header; "" if it is absent.
        node: likewise.

    The token's binding decides. A header may repeat it, and counts only if the token is not bound.
    An administrator may act for every node.

    Errors: Unauthenticated, NotAllowed.
    """
    caller = current_caller()
    if caller.role not in {"node", "admin"}:
        raise NotAllowed(
            f'"{caller.name}" has the role {caller.role}, but only nodes may make CNI calls',
            hint="Configure the plugin with a token of the role node.",
        )
    return (
        _own(caller, "cluster", caller.cluster, cluster),
        _own(caller, "node", caller.node, node),
    )


def require_reporter(cluster: str, node: str) -> tuple[str, str]:
    """Return the cluster and node that the current caller may report about; see `require_node`.

    An operator acts on reports, and each name is a row. So a token that is bound to no node may not report, though it
    may make the CNI calls of any node.

    Errors: Unauthenticated, NotAllowed.
    """
    where = require_node(cluster, node)
    caller = current_caller()
    if caller.role == "node" and caller.node is None:
        raise NotAllowed(
            f'the token "{caller.name}" is bound to no node, so it may not report about one',
            hint="Create a token for each node: rowhouse token create NAME --role node --node NODE.",
        )
    return where


def bound_node() -> str | None:
    """The only node whose attachments the current caller may see and end; None: any."""
    return current_caller().node


def _own(caller: Caller, what: str, own: str | None, named: str) -> str:
    if own is None:
        return named
    if named and named != own:
        raise NotAllowed(
            f'the token "{caller.name}" is bound to {what} "{own}", not to "{named}"',
            hint=f"Correct `{what}` in the plugin's settings file, or use the right token.",
        )
    return own
