"""History and audit that nobody rewrites unseen.

Revision ID: 0004
Revises: 0003
"""

from pathlib import Path

from rowhouse.store.migration import execute

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql" / revision


def upgrade() -> None:
    """Guard them."""
    execute(SQL / "history_guard.sql")


def downgrade() -> None:
    """Guard them no more."""
    execute(SQL / "downgrade.sql")
