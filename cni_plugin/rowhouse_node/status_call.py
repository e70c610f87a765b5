"""STATUS (CNI SPEC, section 2) as a call of the daemon's own: could a pod of this node get an address now?

It uses the plugin's settings file, token, certificates and servers. So a problem that would fail every ADD of the node
makes the daemon not ready before a pod meets it.
"""

import json
import os
import time
from collections.abc import Callable
from random import SystemRandom
from typing import TYPE_CHECKING

from rowhouse_cni.answer import SERVER_ERROR, SUCCESS, Answer
from rowhouse_cni.client import ask, identity_lines
from rowhouse_cni.errors import NoServerAnsweredError, visible
from rowhouse_cni.settings import load
from rowhouse_node.options import Options

if TYPE_CHECKING:
    from rowhouse_node.agent.carrying import Carrier

INTERVAL_SECONDS = 30.0  # between calls that succeed, and the longest pause between those that fail
GRACE_SECONDS = 30.0  # how long servers that answered before may be away: a restart, a roll-out
MAX_SECONDS = 5.0  # of one call
TOO_MANY = 429
UNAUTHORIZED = 401
RANDOM = SystemRandom()
# A range that no pool uses (RFC 5737), in its own address space, so that no full pool matters.
NETCONF = (
    b'{"cniVersion":"1.1.0","name":"rowhouse-node","type":"rowhouse",'
    b'"ipam":{"type":"rowhouse","network_name":"rowhouse-node","range":"192.0.2.0/24"}}'
)


class ServerRefuses(Exception):
    """An ADD of this node would fail now; the text says why, and what to do."""


class StatusCall:
    """The STATUS calls of one daemon; ``clock`` is monotonic time in seconds."""

    def __init__(self, options: Options, clock: Callable[[], float] = time.monotonic) -> None:
        self.options = options
        self.carrier: Carrier | None = None  # of the agent, if the plugin has no other way
        self._clock = clock
        self.is_up = False  # whether the last call succeeded
        self.failures = 0
        self._due = 0.0
        self._pause = options.period
        self._answered = float("-inf")  # when a call last succeeded
        self._problem = ""
        self._called_with: list[bytes] = []

    def step(self) -> None:
        """Call if it is time, or with another token or other settings than before.

        Raise ServerRefuses while calls fail, BadSettingsError.
        """
        now, supplies = self._clock(), self._supplies()
        if now >= self._due or supplies != self._called_with:
            self._called_with = supplies
            self._call(now)
        if self._problem:
            raise ServerRefuses(self._problem)

    def _call(self, now: float) -> None:
        problem, may_pass = self._ask()
        self.is_up = not problem
        if self.is_up:
            self._answered = now
            self._pause = self.options.period
            pause = INTERVAL_SECONDS
        else:
            self.failures += 1
            pause = self._pause
            self._pause = min(2 * pause, INTERVAL_SECONDS)
        self._problem = problem
        if may_pass and now - self._answered < GRACE_SECONDS:
            self._problem = ""
        # A thousand daemons must not call at the same time.
        self._due = now + pause * RANDOM.uniform(0.8, 1.2)

    def _supplies(self) -> list[bytes]:
        token = self.options.token if self.options.direct else self.options.token_source
        files = (self.options.settings_file, token or self.options.token, self.options.ca)
        return [file.read_bytes() for file in files if file.exists()]

    def _ask(self) -> tuple[str, bool]:
        """Return the problem, and whether it may be temporary. Raise BadSettingsError."""
        settings = load({b"ROWHOUSE_CONFIG": os.fsencode(self.options.settings_file)})
        lines = [b"CNI-Command: STATUS", *identity_lines(settings)]
        deadline = time.monotonic() + min(settings.timeout, MAX_SECONDS)
        try:
            if self.carrier is not None:
                answer = self.carrier.ask("STATUS", lines, NETCONF, deadline)
            else:
                answer = ask(settings, "STATUS", lines, NETCONF, deadline)
        except NoServerAnsweredError as error:
            return f"{error.msg}: {error.details}", True
        if answer.status == SUCCESS:
            return "", False
        may_pass = answer.status >= SERVER_ERROR or answer.status == TOO_MANY
        token_file = settings.token_file or str(self.options.token_source or "")
        return self._refusal(answer, token_file), may_pass

    @staticmethod
    def _refusal(answer: Answer, token_file: str) -> str:
        try:
            said = json.loads(answer.body)
        except (ValueError, RecursionError):
            said = {}  # it looked like an error of Rowhouse, but is not
        parts = [f"the server refuses this node (HTTP {answer.status}, code {said.get('code')})"]
        details = str(said.get("details", "")).split("; ")
        # The id of the request always differs; without it, the same reason is logged once.
        said_parts = [
            str(said.get("msg", "")),
            *(one for one in details if not one.startswith("request ")),
        ]
        parts += [part for part in said_parts if part]
        if answer.status == UNAUTHORIZED:
            parts.append(
                f"the token in {token_file or 'the settings (there is none)'} must be from this cluster, for the"
                " audience rowhouse, and of an account in ROWHOUSE_NODE_SERVICE_ACCOUNTS of the server"
            )
        return visible(": ".join(parts))
