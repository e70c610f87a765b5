"""`python -m bench [PART ...]`: run the parts (all without arguments), print and keep the figures."""

from __future__ import annotations

import sys
from pathlib import Path

from bench import (
    allocator,
    churn,
    claims,
    cluster,
    conditions,
    connections,
    history,
    memory,
    outbox,
    pages,
    plugin_process,
    running,
    service,
)
from bench.report import keep, line, machine

PARTS = {
    "allocator": allocator.run,
    "outbox": outbox.run,
    "plugin": plugin_process.run,
    "service": service.run,
    "churn": churn.run,
    "conditions": conditions.run,
    "connections": connections.run,
    "claims": claims.run,
    "memory": memory.run,
    "history": history.run,
    "cluster": cluster.run,
    "running": running.run,
    "pages": pages.run,
}
RESULTS = Path("build/bench.json")


def main() -> int:
    """Runs what the command line names."""
    chosen = sys.argv[1:] or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        print(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
        return 2
    print(", ".join(f"{name} {value}" for name, value in machine().items()), flush=True)
    results = []
    for part in chosen:
        print(f"\n{part}", flush=True)
        for measured in PARTS[part]():
            print(line(measured), flush=True)
            results.append(measured)
    keep(results, RESULTS)
    print(f"\nkept in {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
