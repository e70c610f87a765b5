"""What is loaded is looked at no more when Python searches for garbage."""

from __future__ import annotations

import gc

from rowhouse.serve.garbage import keep_what_is_loaded


def test_a_search_passes_over_what_is_loaded_and_finds_what_comes_later() -> None:
    try:
        keep_what_is_loaded()
        assert gc.get_freeze_count() > 10_000
        later: list[object] = []
        later.append(later)
        assert any(one is later for one in gc.get_objects())
        assert len(gc.get_objects()) < gc.get_freeze_count() / 10
        del later
        assert gc.collect() > 0
    finally:
        gc.unfreeze()
