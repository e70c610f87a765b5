"""What the migrations share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

if TYPE_CHECKING:
    from pathlib import Path


def execute(file: Path) -> None:
    """Runs a file of several statements as it stands: no parameters, so no escaping of % and :."""
    context = op.get_context()
    statements = "SET LOCAL search_path = rowhouse, pg_temp;\n" + file.read_text(encoding="utf-8")
    if context.as_sql:
        context.impl.static_output(statements)
    else:
        op.get_bind().execution_options(no_parameters=True).exec_driver_sql(statements)
