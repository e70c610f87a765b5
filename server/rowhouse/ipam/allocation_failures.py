"""Report pods that got no address to the controller, which writes Kubernetes events about them.

A background thread writes the reports in batches, after the calls were answered. It keeps a limited number of pods.
Reports that cannot be written are dropped, because the response of the call has the same information.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from rowhouse.domain.errors import RowhouseError
from rowhouse.store.cluster import allocation_failures

if TYPE_CHECKING:
    from rowhouse.domain.errors import Held
    from rowhouse.domain.requests import Owner
    from rowhouse.store.cluster.allocation_failures import AllocationFailure
    from rowhouse.store.connection.database import Database

_log = structlog.get_logger(__name__)
_EVERY: Final = 2.0
_MAX_PENDING: Final = 1000


class AllocationFailureQueue:
    """The reports of one server. Safe to share between threads."""

    def __init__(self, store: Database, *, every: float = _EVERY) -> None:
        self._store = store
        self._every = every
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str, str, str, str], AllocationFailure] = {}
        self._writer: threading.Thread | None = None

    def note(
        self,
        owner: Owner,
        node: str,
        message: str,
        *,
        held: Held | None = None,
        reason: str = allocation_failures.NO_ADDRESS,
    ) -> None:
        """Report that a pod's interface got no address, or one with a warning (`reason`). Does not block.

        `message` is for the Kubernetes event. `held`: what the list of events says instead, and to operators only.
        """
        made = allocation_failures.AllocationFailure(
            cluster=owner.cluster,
            namespace=owner.namespace,
            pod=owner.name,
            interface=owner.interface,
            node=node,
            pod_uid=owner.uid,
            message=message,
            reason=reason,
            event_message=held.message if held else None,
            held_by=held.by if held else "",
        )
        with self._lock:
            known = self._waiting.get(made.key)
            if known is None and len(self._waiting) >= _MAX_PENDING:
                return
            times = known.times + 1 if known else 1
            self._waiting[made.key] = replace(made, times=times)
            if self._writer is None:  # ends when there is nothing to write
                self._writer = threading.Thread(
                    target=self._write, name="allocation-failures", daemon=True
                )
                self._writer.start()

    def refused(self, owner: Owner, node: str, error: RowhouseError) -> None:
        """Report that a pod's interface got no address because of an error. Does not block."""
        self.note(owner, node, _told(error), held=error.held)

    def claim_refused(self, owner: Owner, node: str, error: RowhouseError) -> None:
        """Report that the claim of a pod's interface was refused. Does not block."""
        reason = allocation_failures.CLAIM_REFUSED
        self.note(owner, node, _told(error), held=error.held, reason=reason)

    def flush(self) -> None:
        """Write what is waiting, or drop it if the database refuses it."""
        with self._lock:
            taken, self._waiting = self._waiting, {}
        if not taken:
            return
        try:
            allocation_failures.note(self._store, taken.values())
        except RowhouseError as error:
            _log.info("allocation_failures_not_noted", pods=len(taken), reason=error.message)

    def _write(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(self._every)
            with self._lock:
                if not self._waiting:
                    self._writer = None
                    return
            self.flush()


def _told(error: RowhouseError) -> str:
    """Return the message of the Kubernetes event, with the hint if only an operator can see the reason."""
    return f"{error.public}. {error.hint}" if error.public else error.message
