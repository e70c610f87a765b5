"""Taking over the addresses of whereabouts: import, and the calls for what it left unnamed.

Revision ID: 0003
Revises: 0002
"""

from pathlib import Path

from rowhouse.store.migration import execute

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql" / revision


def upgrade() -> None:
    """Make everything, file by file."""
    for file in sorted(SQL.glob("[0-9]*.sql")):
        execute(file)


def downgrade() -> None:
    """Remove what was made."""
    execute(SQL / "downgrade.sql")
