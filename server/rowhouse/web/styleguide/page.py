"""The style guide at `/styleguide`, for developers of the pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from flask import current_app, render_template
from werkzeug.exceptions import NotFound

from rowhouse.auth.guard import least_role
from rowhouse.domain.errors import InvalidRequest
from rowhouse.web.actions.flow import Filled
from rowhouse.web.blueprint import blueprint
from rowhouse.web.charts import Bar, Plot
from rowhouse.web.layout.assets import FOLDER
from rowhouse.web.pool.cells import STATES

_TOKEN: Final = re.compile(r"^  --([a-z0-9-]+): (.+);$", re.MULTILINE)
_LEVELS: Final = ("", "near", "warn", "bad")
_DAY: Final = timedelta(days=1)


@blueprint.get("/styleguide")
@least_role("viewer")
def styleguide() -> str:
    """Show every token and component, light and dark. 404 unless the server is in debug mode."""
    if not current_app.debug:
        raise NotFound
    wrong = InvalidRequest("the name is taken", hint="Choose another name.")
    return render_template(
        "styleguide/page.html",
        tokens=_tokens(),
        bars=[
            (level, _bar(used)) for level, used in zip(_LEVELS, (90, 205, 235, 251), strict=True)
        ],
        states=STATES,
        plot=_plot(),
        trend=[3, 9, 4, None, 12, 15, 14],
        filled=Filled(
            values={"name": "storage", "about": "third floor"},
            problems={"name": "the name is taken"},
            error=wrong,
        ),
    )


def _tokens() -> dict[str, list[tuple[str, str]]]:
    """Return the tokens of tokens.css: colors, and the others."""
    found = _TOKEN.findall((FOLDER / "tokens.css").read_text(encoding="utf-8"))
    colors = [(name, value) for name, value in found if value.startswith("light-dark(")]
    return {"colors": colors, "others": [one for one in found if one not in colors]}


def _bar(used: int) -> Bar:
    return Bar(total=254, used=used - 4, quarantined=2, excluded=2, free=254 - used)


def _plot() -> Plot | None:
    ends = datetime.now(UTC)
    samples = [(ends - _DAY + i * _DAY / 24, 100 + (i * 37) % 90) for i in range(25)]
    return Plot.of(samples, 254, ends - _DAY, ends)
