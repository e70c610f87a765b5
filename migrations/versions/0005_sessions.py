"""What the pages need: sessions of browsers, and a release of what was looked at.

Revision ID: 0005
Revises: 0004
"""

from pathlib import Path

from rowhouse.store.migration import execute

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql" / revision


def upgrade() -> None:
    """Make the table and the function."""
    for file in sorted(SQL.glob("[0-9]*.sql")):
        execute(file)


def downgrade() -> None:
    """End all sessions."""
    execute(SQL / "downgrade.sql")
