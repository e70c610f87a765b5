"""Tests do not depend on what a background thread draws from the global `random`, and our own modules draw nothing."""

from __future__ import annotations

import ast
import contextlib
import random
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psycopg_pool.base
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
FOLDERS = ("server", "cni_plugin", "migrations", "bench", "charts", "tests", ".ci")
FILES = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
HARMLESS = {"Random", "SystemRandom", "getstate"}


def global_draws(source: str) -> Iterator[str]:
    """Where a module draws from the global `random`, or changes it: `line: name`."""
    if "random" not in source:
        return
    tree = ast.parse(source)
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {a.asname or a.name for a in node.names if a.name == "random"}
        elif isinstance(node, ast.ImportFrom) and node.module == "random":
            for alias in node.names:
                if alias.name not in HARMLESS:
                    yield f"{node.lineno}: {alias.name}"
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in modules
            and node.attr not in HARMLESS
        ):
            yield f"{node.lineno}: {node.attr}"


@contextlib.contextmanager
def drawing_thread() -> Iterator[None]:
    """A thread that draws from the global `random` all the time, and is switched to often."""
    interval = sys.getswitchinterval()
    stop = threading.Event()
    drawn = threading.Event()

    def draw() -> None:
        while not stop.is_set():
            random.random()
            random.shuffle([1, 2, 3])
            drawn.set()

    thread = threading.Thread(target=draw)
    sys.setswitchinterval(1e-5)
    thread.start()
    try:
        assert drawn.wait(240)
        yield
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)


def test_no_module_draws_from_the_global_random() -> None:
    assert len(FILES) > 300
    draws = {
        str(file.relative_to(ROOT)): found
        for file in FILES
        if file.name not in {"test_random.py", "thread_random.py"}
        and (found := list(global_draws(file.read_text())))
    }
    assert draws == {}, "use a generator of your own: random.Random() or random.SystemRandom()"


def test_every_way_to_draw_is_found() -> None:
    source = "import random\nimport random as r\nfrom random import choice, Random\n"
    source += "random.Random(1).random()\nrandom.seed(1)\nr.uniform(1, 2)\n"
    assert list(global_draws(source)) == ["3: choice", "5: seed", "6: uniform"]


def test_a_thread_that_draws_does_not_disturb_hypothesis() -> None:
    @hypothesis.settings(max_examples=200, database=None)
    @hypothesis.given(st.lists(st.text(), max_size=20))
    def draw(values: list[str]) -> None:
        assert len(values) <= 20

    with drawing_thread():
        draw()


def test_a_thread_that_draws_does_not_change_what_another_one_draws() -> None:
    state = random.getstate()
    random.seed(1)
    alone = [random.random() for _ in range(1000)]
    random.seed(1)
    with drawing_thread():
        beside = [random.random() for _ in range(1000)]
    random.setstate(state)
    assert alone == beside


def test_the_workers_of_a_connection_pool_draw_from_a_generator_of_their_own() -> None:
    """psycopg_pool takes the function by name, so it must be imported after it was replaced."""
    state = random.getstate()
    thread = threading.Thread(target=psycopg_pool.base.BasePool._jitter, args=(1.0, 0.0, 1.0))
    thread.start()
    thread.join()
    assert random.getstate() == state
