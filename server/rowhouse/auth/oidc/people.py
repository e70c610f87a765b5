"""Map the claims of a provider to a name, a role and namespaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

from rowhouse.auth.caller import PersonRole
from rowhouse.domain.errors import NotAllowed
from rowhouse.domain.limits import MAX_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowhouse.auth.access import AccessSettings
    from rowhouse.auth.caller import LeastRole

PREFIX: Final = "oidc:"
"""A prefix that keeps users' names distinct from those of static tokens."""

EVERYBODY: Final = "*"
_ROLES: Final[tuple[PersonRole, ...]] = get_args(PersonRole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user of the provider. `namespaces` are those of a team; None for every other role."""

    name: str
    role: LeastRole
    namespaces: tuple[str, ...] | None = None


def person(access: AccessSettings, claims: Mapping[str, Any]) -> Person:
    """Return the user: the highest role that the claim gives, or else the team of its namespaces.

    Errors: NotAllowed if the claims give no name, or neither a role nor a namespace.
    """
    name = _name(access.oidc_name_claim, claims)
    said = _values(claim(claims, access.oidc_role_claim))
    given = (*said, EVERYBODY)
    roles = {access.oidc_roles[value] for value in given if value in access.oidc_roles}
    if roles:
        return Person(name=name, role=max(roles, key=_ROLES.index))
    namespaces = {one for value in given for one in access.oidc_namespaces.get(value, ())}
    if not namespaces:
        raise NotAllowed(
            f'"{name}" has no role here: `{access.oidc_role_claim}` is {", ".join(said) or "empty"}',
            hint="An administrator can map its values to roles in ROWHOUSE_OIDC_ROLES, or to namespaces in"
            " ROWHOUSE_OIDC_NAMESPACES.",
        )
    return Person(name=name, role="team", namespaces=tuple(sorted(namespaces)))


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim with this name or dotted path: `realm_access.roles`."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _name(path: str, claims: Mapping[str, Any]) -> str:
    name = claim(claims, path)
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= MAX_NAME:
        raise NotAllowed(
            f"the provider does not send the claim `{path}`; it sends {', '.join(sorted(claims))}",
            hint="Set another claim in ROWHOUSE_OIDC_NAME_CLAIM, or request more scopes in ROWHOUSE_OIDC_SCOPES.",
        )
    verified = claims.get("email_verified", True)
    # Some providers send "true" as text; everything else is not a yes.
    if path == "email" and verified is not True and verified != "true":
        raise NotAllowed(
            f"the provider has not verified the email address {name}",
            hint="Verify it at the provider, or set another claim in ROWHOUSE_OIDC_NAME_CLAIM.",
        )
    return PREFIX + name


def _values(said: Any) -> list[str]:
    listed = said if isinstance(said, list) else [said]
    return [value for value in listed if isinstance(value, str)]
