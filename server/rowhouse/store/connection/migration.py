"""Shared code of the migrations: each one runs the SQL files in the folder with its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import op

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS: Final = ("baseline.sql", "pre.sql", "post.sql")
"""In their order. pre.sql adds what the code of this release calls, and leaves the code before it at work; post.sql
removes what only older code called, so it takes effect after the roll-out that made it unused."""


def scripts(revision: str, *, beside: str) -> tuple[Callable[[], None], Callable[[], None]]:
    """A revision's `upgrade` and `downgrade`: its steps in their order, and downgrade.sql.

    `beside` is the `__file__` of the revision's module.
    """
    folder = Path(beside).parent / revision

    def upgrade() -> None:
        files = [folder / name for name in STEPS if (folder / name).exists()]
        if not files:  # without the files, the revision would do nothing
            raise FileNotFoundError(folder)
        for file in files:
            execute(file)

    def downgrade() -> None:
        execute(folder / "downgrade.sql")

    return upgrade, downgrade


def execute(file: Path) -> None:
    """Run a file of several statements unchanged: without parameters, so % and : need no escaping."""
    context = op.get_context()
    statements = "SET LOCAL search_path = rowhouse, pg_temp;\n" + file.read_text(encoding="utf-8")
    if context.as_sql:
        context.impl.static_output(statements)
    else:
        op.get_bind().execution_options(no_parameters=True).exec_driver_sql(statements)
