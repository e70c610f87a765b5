"""From what a provider says about somebody to a name and a role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

from rowhouse.auth.caller import PersonRole
from rowhouse.domain.errors import NotAllowed
from rowhouse.domain.limits import MAX_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowhouse.auth.access import AccessSettings

PREFIX: Final = "oidc:"
"""So that nobody is called as a static token is."""

EVERYBODY: Final = "*"
_ROLES: Final[tuple[PersonRole, ...]] = get_args(PersonRole)


def person(access: AccessSettings, claims: Mapping[str, Any]) -> tuple[str, PersonRole]:
    """Name and role. Raises NotAllowed if there is no name, or no role for somebody like this."""
    name = _name(access.oidc_name_claim, claims)
    said = _values(claim(claims, access.oidc_role_claim))
    roles = {access.oidc_roles[value] for value in (*said, EVERYBODY) if value in access.oidc_roles}
    if not roles:
        raise NotAllowed(
            f'"{name}" has no role here: `{access.oidc_role_claim}` is {", ".join(said) or "empty"}',
            hint="An administrator maps its values to roles in ROWHOUSE_OIDC_ROLES.",
        )
    return name, max(roles, key=_ROLES.index)


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of this name, or the one that a path with dots leads to: `realm_access.roles`."""
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
            f"the provider does not say `{path}`; it says {', '.join(sorted(claims))}",
            hint="Name another claim in ROWHOUSE_OIDC_NAME_CLAIM, or ask for more: ROWHOUSE_OIDC_SCOPES.",
        )
    if path == "email" and claims.get("email_verified") is False:
        raise NotAllowed(
            f"the provider has not verified that {name} is this person's address",
            hint="Verify it there, or name another claim in ROWHOUSE_OIDC_NAME_CLAIM.",
        )
    return PREFIX + name


def _values(said: Any) -> list[str]:
    listed = said if isinstance(said, list) else [said]
    return [value for value in listed if isinstance(value, str)]
