"""The schema: networks, pools, free space, reservations, attachments, tenures, audit; the allocator.

Revision ID: 0001
Revises:
"""

from pathlib import Path

from rowhouse.store.migration import execute

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql" / revision


def upgrade() -> None:
    """Make everything, file by file."""
    for file in sorted(SQL.glob("[0-9]*.sql")):
        execute(file)


def downgrade() -> None:
    """Remove everything but the roles."""
    execute(SQL / "downgrade.sql")
