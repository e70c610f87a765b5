"""Benchmarks: every number of docs/performance.md, each as a ratio to a floor in the same run."""

import sys
from pathlib import Path

# Some benches use the tests' fixtures.
sys.path.append(str(Path(__file__).parents[1] / "tests"))
