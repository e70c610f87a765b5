"""Benchmarks: every number of docs/performance.md, each as a ratio to a floor in the same run."""
