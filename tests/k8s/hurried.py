"""`rowhouse`, which waits a tenth of what it waits in a cluster between one look and the next.

A program, not a module to import: `python hurried.py controller …`. What it does at each look is the product's own.
"""

from __future__ import annotations

from rowhouse.cli import main
from rowhouse.k8s import access, controller, watch
from rowhouse.k8s.mirror import runner

WAITS = {
    controller: ("_TICK", "_ELECTION"),
    access: ("_FIRST_PAUSE_SECONDS",),
    watch: ("_MIN_PAUSE_SECONDS",),
    runner: ("_AGAIN", "_CHECK_SECONDS", "_REPORT"),
}

if __name__ == "__main__":
    for module, names in WAITS.items():
        for name in names:
            setattr(module, name, getattr(module, name) / 10)
    main(prog_name="rowhouse")
