"""The figures of docs/reliability.md: how often what strikes, in a short run and in a long one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Protocol

from faults import agents, experiments, nodes, surroundings
from faults.clock_jumps import clock_jumps
from faults.operators import operators
from faults.second.trial import second_checker

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.experiment import Report
    from faults.experiments import Laboratory


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """How much of everything."""

    calls: int
    worker_kills: int
    postmaster_kills: int
    cuts: int
    promotions: int
    full_disks: int
    roll_outs: int
    silences: int
    plugin_kills: int
    agent_faults: int
    partitions: int
    jumps: int
    varied_calls: int
    rounds: int = 1
    """An experiment is done in so many rounds, each with a share of its figures and a database of its own."""

    def share(self) -> Column:
        """The figures of one round."""
        figures = asdict(self)
        rounds = figures.pop("rounds")
        return Column(**{name: -(-figure // rounds) for name, figure in figures.items()})


SCALED: Final = Column(
    calls=400, worker_kills=2, postmaster_kills=1, cuts=10,
    promotions=1, full_disks=1, roll_outs=1, silences=1,
    plugin_kills=10, agent_faults=2, partitions=1, jumps=10, varied_calls=500,
)  # fmt: skip
SHORT: Final = Column(
    calls=20_000, worker_kills=50, postmaster_kills=10, cuts=50,
    promotions=3, full_disks=1, roll_outs=1, silences=2,
    plugin_kills=50, agent_faults=20, partitions=3, jumps=50, varied_calls=20_000,
)  # fmt: skip
LONG: Final = Column(
    calls=1_000_000, worker_kills=1000, postmaster_kills=200, cuts=1000,
    promotions=50, full_disks=10, roll_outs=20, silences=20,
    plugin_kills=1000, agent_faults=400, partitions=50, jumps=1000, varied_calls=120_000, rounds=10,
)  # fmt: skip
COLUMNS: Final = {"scaled": SCALED, "short": SHORT, "long": LONG}


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One line: `control` experiments must show a loss, all others none. Some need root."""

    name: str
    run: Callable[[Laboratory, Column], Report]
    control: bool = False
    needs: tuple[str, ...] = ()
    in_suite: bool = False
    """Whether `make test` runs it as well, with the smallest figures."""

    def rounds(self, column: Column) -> int:
        """How often it is done: a control shows in one round what it has to show."""
        return 1 if self.control else column.rounds

    def judge(self, report: Report) -> str:
        """What is wrong with what came of it; empty if nothing is."""
        found = set(report.verdict.found)
        if self.control:
            return "" if found & experiments.LOST else "the control shows no loss"
        return "" if not found else "contradictions"


class Strikes(Protocol):
    """An experiment with one thing that strikes so many times while so many calls are made."""

    def __call__(self, laboratory: Laboratory, *, calls: int, times: int) -> Report:
        """What came of it."""


def _struck(
    experiment: Strikes, times: Callable[[Column], int], *, calls: int = 300
) -> Callable[[Laboratory, Column], Report]:
    return lambda laboratory, column: experiment(laboratory, calls=calls, times=times(column))


EXPERIMENTS: Final = (
    Experiment(
        name="crashes and cuts",
        run=lambda laboratory, column: experiments.crashes(
            laboratory,
            calls=column.calls,
            worker_kills=column.worker_kills,
            postmaster_kills=column.postmaster_kills,
            cuts=column.cuts,
        ),
        in_suite=True,
    ),
    Experiment(
        name="promotions",
        run=_struck(experiments.promotions, lambda column: column.promotions),
    ),
    Experiment(
        name="disk full",
        run=_struck(experiments.full_disks, lambda column: column.full_disks),
        needs=("root",),
    ),
    Experiment(
        name="roll-out",
        run=_struck(nodes.roll_outs, lambda column: column.roll_outs, calls=200),
    ),
    Experiment(
        name="plugins",
        run=lambda laboratory, column: nodes.plugin_kills(
            laboratory, kills=column.plugin_kills, outages=max(1, column.plugin_kills // 50)
        ),
    ),
    Experiment(
        name="agents",
        run=lambda laboratory, column: agents.through_agents(
            laboratory, times=column.agent_faults, plugin_kills=column.plugin_kills
        ),
        in_suite=True,
    ),
    Experiment(
        name="PgBouncer",
        run=_struck(surroundings.behind_pgbouncer, lambda column: column.silences),
        needs=("pgbouncer",),
    ),
    Experiment(
        name="partitions",
        run=_struck(surroundings.partitions, lambda column: column.partitions),
        needs=("root", "netns"),
    ),
    Experiment(
        name="clock jumps",
        run=_struck(clock_jumps, lambda column: column.jumps),
        needs=("cc",),
        in_suite=True,
    ),
    Experiment(
        name="operators",
        run=lambda laboratory, column: operators(
            laboratory, calls=20 * column.jumps, times=3 * column.jumps
        ),
        in_suite=True,
    ),
    Experiment(
        name="second checker",
        run=lambda laboratory, column: second_checker(laboratory, calls=column.varied_calls),
        needs=("cc",),
        in_suite=True,
    ),
    Experiment(
        name="migrations",
        run=_struck(surroundings.migrations, lambda column: column.silences),
    ),
    Experiment(
        name="no connections",
        run=_struck(surroundings.no_connections, lambda column: column.silences),
    ),
    Experiment(
        name="slow database",
        run=_struck(surroundings.slow_database, lambda column: column.silences),
    ),
    Experiment(
        name="silent network",
        run=_struck(experiments.freezes, lambda column: column.silences),
    ),
    Experiment(
        name="control: asynchronous standby",
        run=lambda laboratory, _column: experiments.promotions(
            laboratory, calls=300, times=1, synchronous=False
        ),
        control=True,
        in_suite=True,
    ),
    Experiment(
        name="control: synchronous_commit off",
        run=lambda laboratory, _column: experiments.crashes(
            laboratory, calls=300, worker_kills=0, postmaster_kills=1, synchronous_commit="off"
        ),
        control=True,
    ),
)
