"""The table of values in the chart's README."""

from __future__ import annotations

import subprocess
import sys

from chart.helm import CHART


def test_the_table_of_values_is_up_to_date() -> None:
    script = CHART.parent / "values_table.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
