"""A database and a server, each with a wall clock of its own that a test can move."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faults import service
from faults.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from faults.experiments import Laboratory
    from faults.postgres import Postgres
    from fixtures.servers import Server


@dataclass(frozen=True, kw_only=True)
class Running:
    """`clocks`: by "database" and "server"; `folder`: for what an experiment writes."""

    folder: Path
    clocks: dict[str, Clock]
    postgres: Postgres
    server: Server


@contextlib.contextmanager
def with_own_clocks(laboratory: Laboratory) -> Iterator[Running]:
    """Both run until the end; the folder of the experiment goes with them."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(laboratory.place())
        clocks = {
            of: Clock(laboratory.installed.make(f"{of}-clock{time.monotonic_ns()}"))
            for of in ("database", "server")
        }
        postgres = laboratory.installed.copy(laboratory.template, f"db{time.monotonic_ns()}")
        stack.callback(postgres.discard)
        postgres.environment = clocks["database"].environment
        postgres.start({})
        server = stack.enter_context(
            service.serving(
                folder,
                service.url_of(postgres.host),
                environment=clocks["server"].environment,
                workers=2,
            )
        )
        yield Running(folder=folder, clocks=clocks, postgres=postgres, server=server)
