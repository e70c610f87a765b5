"""An agent is stopped while it has a call: the checker must find what an agent with a bug does then."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Final

import pytest

from faults import agents
from faults.experiment import judge
from faults.journal import Journal
from faults.museum import SENDS_LATE
from faults.pools import HOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.callers import Answer
    from faults.experiments import Laboratory
    from faults.journal import Verb


CALLS: Final[tuple[tuple[Verb, Callable[..., Answer]], ...]] = (
    ("ADD", agents.ThroughAgent.add),
    ("DEL", agents.ThroughAgent.delete),
)


@pytest.mark.parametrize(
    ("museum_piece", "shows"),
    [("", set()), (SENDS_LATE, {"released and back"})],
    ids=["as it is", "with the bug"],
)
def test_an_add_that_a_stopped_agent_has_does_not_arrive_after_its_del(
    laboratory: Laboratory, museum_piece: str, shows: set[str]
) -> None:
    with agents.place(laboratory, before=museum_piece) as here:
        caller = here.nodes(0)
        (agent,) = here.nodes.agents
        with Journal(here.folder / "journal") as journal:
            agent.process.send_signal(signal.SIGSTOP)
            for verb, call in CALLS:
                begun = journal.begin(verb, HOT.name, f"{HOT.name}/web", "c1")
                answer = call(caller, HOT, "web", "c1")
                journal.end(begun, answer.phase, answer.addresses, answer.code)
                assert answer.phase == "ok"
            agent.process.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + agents.SECONDS
        while not agent.socket.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        caller.status()  # accepted after the ADD: the agent has that one, and finishes it before it ends
        assert set(judge(journal, (HOT,), here.rest()).found) == shows
