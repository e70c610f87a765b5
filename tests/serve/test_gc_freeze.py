"""What is loaded is frozen out of the garbage collector."""

from __future__ import annotations

import gc

from rowhouse.serve.gc_freeze import freeze_loaded_objects


def test_a_search_passes_over_what_is_loaded_and_finds_what_comes_later() -> None:
    try:
        freeze_loaded_objects()
        assert gc.get_freeze_count() > 10_000
        later: list[object] = []
        later.append(later)
        assert any(one is later for one in gc.get_objects())
        assert len(gc.get_objects()) < gc.get_freeze_count() / 10
        del later
        assert gc.collect() > 0
    finally:
        gc.unfreeze()
