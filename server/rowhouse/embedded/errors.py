"""What can go wrong with the embedded PostgreSQL."""

from rowhouse.domain.errors import RowhouseError


class EmbeddedPostgresError(RowhouseError):
    """The embedded PostgreSQL cannot run."""


class EmbeddedPostgresLostError(EmbeddedPostgresError):
    """The embedded PostgreSQL ended while the server was running, and cannot be started again."""

    http_status = 503
