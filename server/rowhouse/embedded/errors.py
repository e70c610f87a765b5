"""What can go wrong with the embedded PostgreSQL."""

from rowhouse.domain.errors import RowhouseError


class EmbeddedPostgresError(RowhouseError):
    """The embedded PostgreSQL cannot run."""
