"""The database: its reachability, version, encoding and schema, and the grants of the login role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rowhouse.doctor.finding import failed, ok, warning
from rowhouse.domain.errors import RowhouseError
from rowhouse.store.connection import diagnosis, privileges, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.doctor.finding import Finding
    from rowhouse.doctor.surroundings import Surroundings

OLDEST: Final = 15
NEWEST: Final = 18


def database(where: Surroundings) -> Iterator[Finding]:
    """Connect, and check the server's version, its encoding and that it is a primary."""
    try:
        facts = diagnosis.facts(where.database)
    except RowhouseError as error:
        yield failed(
            error.message,
            f"{error.hint} Check that PostgreSQL is running, and that host, password and TLS of ROWHOUSE_DATABASE_URL"
            " are right.".strip(),
        )
        return
    what = (
        f"PostgreSQL {facts.version}, {facts.encoding}, database {facts.name!r} as {facts.user!r}"
    )
    if facts.encoding != "UTF8":
        yield failed(
            what,
            "Create the database again with ENCODING 'UTF8', and restore a dump of this database into it.",
        )
    elif facts.major < OLDEST:
        yield failed(what, f"Upgrade to PostgreSQL {OLDEST} or newer.")
    elif facts.is_standby:
        yield failed(
            f"{what}: a standby, which is read-only",
            "Set ROWHOUSE_DATABASE_URL to the primary.",
        )
    elif facts.major > NEWEST:
        yield warning(what, f"Rowhouse is tested with PostgreSQL {OLDEST} to {NEWEST}.")
    else:
        yield ok(what)


def schema_at_head(where: Surroundings) -> Iterator[Finding]:
    """Check the schema's revision against this version."""
    try:
        schema.check_revision(where.database)
    except RowhouseError as error:
        job = "In a cluster, the chart's migrate Job does this: kubectl logs job/rowhouse-migrate-…"
        yield failed(
            error.message, f"{error.hint} {job}" if "db upgrade" in error.hint else error.hint
        )
    else:
        yield ok("the schema matches this version")


def grants(where: Surroundings) -> Iterator[Finding]:
    """Check the privileges of the server's login role."""
    source = where.database
    facts = diagnosis.facts(source)
    missing = diagnosis.missing_privileges(source)
    if missing:
        yield failed(privileges.lacks(facts.user, missing), privileges.remedy(facts.user))
    elif facts.is_superuser:
        yield ok(f"role {facts.user!r} is a superuser; the role rowhouse_server is sufficient")
    else:
        yield ok(f"role {facts.user!r} has all privileges that the server needs")
