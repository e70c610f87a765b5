"""A primary and its standby, which change their roles again and again, as Patroni or CloudNativePG has them do."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from faults.postgres import Installation, Postgres

MAX_WAIT_SECONDS = 60.0


class Pair:
    """Two clusters of one database. Synchronous: a commit is acknowledged when both have it on disk."""

    def __init__(self, primary: Postgres, standby: Postgres, *, synchronous: bool) -> None:
        self.primary = primary
        self.standby = standby
        self._settings = {"synchronous_standby_names": "*" if synchronous else ""}
        self._synchronous = synchronous

    @classmethod
    @contextlib.contextmanager
    def of(
        cls, installed: Installation, template: Postgres, *, synchronous: bool
    ) -> Iterator[Self]:
        """A pair of copies of a stopped cluster, the standby made by pg_basebackup."""
        name = str(time.monotonic_ns())
        with contextlib.ExitStack() as stack:
            primary = installed.copy(template, f"a{name}")
            stack.callback(primary.discard)
            primary.start({"synchronous_standby_names": ""})
            standby = primary.base_backup(f"b{name}")
            stack.callback(standby.discard)
            pair = cls(primary, standby, synchronous=synchronous)
            standby.make_standby(primary, "standby")
            standby.start(pair._settings)
            primary.stop()
            primary.start(pair._settings)
            pair.await_replication()
            yield pair

    @property
    def hosts(self) -> tuple[str, str]:
        """Both, always in the same order: the server has to find the one that takes writes."""
        first, second = sorted((self.primary.host, self.standby.host))
        return first, second

    def await_replication(self) -> None:
        """Returns when the standby follows."""
        state = "sync" if self._synchronous else "async"
        query = (
            "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = %s"
            " AND flush_lsn >= pg_current_wal_flush_lsn() - 16 * 1024 * 1024::numeric"
        )
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while not self.primary.query(query, (state,)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the standby does not follow: {self.standby.log()[-2000:]}")
            time.sleep(0.02)

    def _await_a_gap(self) -> None:
        """Returns when the primary has written, and so acknowledged, what the standby has not: many commits."""
        query = (
            "SELECT 1 FROM pg_stat_replication WHERE pg_current_wal_flush_lsn() - flush_lsn > 65536"
        )
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while not self.primary.query(query):
            if time.monotonic() > deadline:
                raise TimeoutError("the primary writes nothing")
            time.sleep(0.01)

    def lose_the_primary(self, dice: Random) -> None:
        """The standby falls behind, the primary is lost for good, the standby is promoted; and so on.

        The former primary is fenced: every process of it has ended before the other one is promoted. Then
        it is rewound and follows, so that the next loss finds a pair again.
        """
        receiver = self._receiver()
        os.kill(receiver, signal.SIGSTOP)  # what is sent from now on does not reach the disk
        if self._synchronous:
            time.sleep(0.1 * dice.random())  # the clients go on meanwhile, as far as they are let
        else:
            self._await_a_gap()
        self.primary.kill()
        while self.primary.has_processes():
            time.sleep(0.01)
        os.kill(receiver, signal.SIGKILL)
        self._promote()
        former, self.primary = self.primary, self.standby
        self.standby = former
        # Fenced to the end: pg_rewind recovers it in single-user mode, so no client can connect meanwhile. Were it
        # started for that, the server would find two that take writes, and what this one acknowledged is undone.
        former.rewind(self.primary)
        former.make_standby(self.primary, "standby")
        former.start(self._settings)
        self.await_replication()

    def _promote(self) -> None:
        """The killed receiver takes its whole server through a restart, as any killed backend does."""
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while True:
            try:
                self.standby.promote()
                if self.standby.query("SELECT pg_is_in_recovery()") == [(False,)]:
                    return
            except Exception:
                if time.monotonic() > deadline:
                    raise
            if not self.standby.is_running():
                self.standby.start()
            time.sleep(0.05)

    def _receiver(self) -> int:
        """The process of the standby that writes down what the primary sends."""
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while True:
            rows = self.standby.query(
                "SELECT pid FROM pg_stat_wal_receiver WHERE status = 'streaming'"
            )
            if rows and Path(f"/proc/{rows[0][0]}").exists():
                return int(rows[0][0])
            if time.monotonic() > deadline:
                raise TimeoutError(f"the standby receives nothing: {self.standby.log()[-2000:]}")
            time.sleep(0.02)
