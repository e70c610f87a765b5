"""Replaying recorded exchanges against the fake, in the state in which the real server was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fixtures.apiserver import ApiServer
from k8s.recorded.accounts import authorization
from k8s.recorded.bodies import body_of
from k8s.recorded.comparing import differences
from k8s.recorded.happening import happen_before
from k8s.recorded.preparing import prepare
from k8s.recorded.restarts import stage
from k8s.recorded.sending import Reply, send
from k8s.recorded.state import begin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from k8s.recorded.exchanges import Exchange

_ESTABLISHED = 29
_DEFINITIONS = range(26, 34)
"""Those of `watches` in which a definition comes and goes: they are one story."""


class Replay:
    """Replays one file."""

    def __init__(self, topic: str, exchanges: list[Exchange]) -> None:
        self._topic = topic
        self._exchanges = exchanges
        self.replayed = 0

    def differences(self) -> Iterator[tuple[Exchange, Any]]:
        """All differences; nothing is left out."""
        with ApiServer() as api:
            begin(api)
            for exchange in self._ordered():
                yield from self._one(api, exchange)

    def _ordered(self) -> list[Exchange]:
        if self._topic == "restart":
            # The second server that ended: its watch was open before it was asked anything else.
            ordered = self._exchanges[:28] + self._exchanges[34:35] + self._exchanges[28:34]
            return ordered + self._exchanges[35:]
        if self._topic != "throttling":
            return self._exchanges
        # The level that takes nothing came first, and was deleted.
        return [*self._exchanges[8:], *self._exchanges[:8]]

    def _one(self, api: ApiServer, exchange: Exchange) -> Iterator[tuple[Exchange, Any]]:
        story = self._topic == "watches" and exchange.number in _DEFINITIONS
        if exchange.is_watch and self._topic in {"watches", "product"} and not story:
            with ApiServer() as fresh:
                begin(fresh)
                reply = self._sent(fresh, exchange)
        else:
            reply = self._sent(api, exchange)
        self.replayed += 1
        for one in differences(exchange, reply):
            yield exchange, one

    def _sent(self, api: ApiServer, exchange: Exchange) -> Reply:
        if self._topic == "throttling" and exchange.number in {0, 2}:
            self._throttle(api, exchange)
        if exchange.name.endswith("12 s later"):
            api.parts.clock.advance(12)
        if self._topic == "watches" and exchange.number == _ESTABLISHED:
            for definition in api.all("customresourcedefinitions").values():
                api.parts.kinds.establish(definition)
        prepare(api, exchange)
        _start_again(api, self._topic, exchange)
        with stage(api, self._topic, exchange):
            if exchange.is_watch and exchange.status == 200:
                happen_before(api, exchange)
            token = authorization(api, self._topic, exchange)
            body = body_of(api, exchange)
            return send(api.url, exchange, token, body)

    def _throttle(self, api: ApiServer, exchange: Exchange) -> None:
        if exchange.number == 0:
            api.delete("prioritylevelconfigurations", "rec-none")
        else:
            api.parts.fairness.taken["rec-none"] = 1


def _start_again(api: ApiServer, topic: str, exchange: Exchange) -> None:
    """What the product met in the first moment of a server."""
    if topic != "product":
        return
    said = str((exchange.response.get("events") or [exchange.body])[0])
    starting = api.parts.starting
    starting.without_rbac = "RBAC: " in said
    starting.without_bindings = exchange.number in {52, 53, 55}
    starting.without_caches = "(re)initializing" in said
