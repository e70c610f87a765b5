"""`make cluster-clean`: removes what runs of the suite left in a cluster."""

from __future__ import annotations

import sys
from pathlib import Path

from cluster.cleaning import clean, runs
from cluster.opening import NO_KUBECONFIG, open_run
from cluster.settings import Unusable, settings


def main() -> int:
    """The exit status."""
    try:
        given = settings(default_image="rowhouse")
    except Unusable as error:
        sys.exit(str(error))
    if given is None:
        sys.exit(NO_KUBECONFIG)
    folder = Path(__file__).parents[2] / "build/cluster-test"
    found = runs(open_run(given, folder).kubectl)
    problems = [one for run in sorted(found) for one in clean(open_run(given, folder, run=run))]
    for one in problems:
        sys.stderr.write(f"{one}\n")
    sys.stdout.write(f"removed {len(found)} runs, {len(problems)} problems\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
