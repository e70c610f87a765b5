"""What a part of the benchmark measured, and how it is printed and kept."""

from __future__ import annotations

import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One line of the report.

    `value` in `unit`, the median of `runs`; `floor` is what it is compared with in the same run, in the
    same unit; `target` a bound on the ratio value/floor: ">= 0.5" or "<= 1.5".
    """

    part: str
    what: str
    unit: str
    runs: tuple[float, ...]
    floor_name: str = ""
    floor_runs: tuple[float, ...] = ()
    target: str = ""

    @property
    def value(self) -> float:
        """The median of the runs."""
        return statistics.median(self.runs)

    @property
    def floor(self) -> float | None:
        """The median of the floor's runs."""
        return statistics.median(self.floor_runs) if self.floor_runs else None

    @property
    def ratio(self) -> float | None:
        """Value over floor: the median of the runs' own ratios where each run has its floor."""
        if not self.floor_runs:
            return None
        if len(self.runs) == len(self.floor_runs):
            pairs = zip(self.runs, self.floor_runs, strict=True)
            return statistics.median(run / floor for run, floor in pairs)
        return self.value / statistics.median(self.floor_runs)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if not self.target:
            return None
        sign, bound = self.target.split()
        compared = self.ratio if self.ratio is not None else self.value
        return compared >= float(bound) if sign == ">=" else compared <= float(bound)


def machine() -> dict[str, str]:
    """The facts of the machine that the numbers depend on."""
    cpu = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    return {
        "cpu": cpu,
        "cores": str(len(os.sched_getaffinity(0))),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": f"{os.getloadavg()[0]:.2f}",
    }


def line(measured: Measured) -> str:
    """The line of the table: what, median, spread, floor, ratio, target."""
    spread = f"{min(measured.runs):,.5g} to {max(measured.runs):,.5g}"
    text = f"{measured.what:<58} {measured.value:>11,.5g} {measured.unit:<6} ({spread})"
    if measured.ratio is not None and measured.floor is not None:
        text += f"  {measured.ratio:.2f} x {measured.floor_name} ({measured.floor:,.5g})"
    if measured.target:
        text += f"  target {measured.target}: {'met' if measured.met else 'NOT MET'}"
    return text


def keep(results: Sequence[Measured], file: Path) -> None:
    """Writes everything as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        asdict(measured) | {"value": measured.value, "ratio": measured.ratio, "met": measured.met}
        for measured in results
    ]
    file.write_text(json.dumps({"machine": machine(), "results": rows}, indent=1) + "\n")
