"""The recorded restarts: what the server was doing when a request came."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from k8s.recorded.happening import happen_meanwhile, is_live
from k8s.recorded.state import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures.apiserver import ApiServer
    from k8s.recorded.exchanges import Exchange

_AFTER_RESTART = 51_173
_LONG_SECONDS = 30


@contextlib.contextmanager
def stage(api: ApiServer, topic: str, exchange: Exchange) -> Iterator[None]:
    """The moment of an exchange, and what happens while it waits for an answer."""
    api.watches.opened = api.watches.told = 0
    if topic != "restart":
        if not exchange.is_watch or exchange.status != 200:
            yield
            return
        if is_live(exchange):
            api.storage.second = 1.0  # its end does not come before what happens
        meanwhile = threading.Thread(target=_while_watched, args=(api, exchange))
        meanwhile.start()
        yield
        meanwhile.join()
        api.storage.second = SECOND
        return
    _STAGES.get(exchange.number, _nothing)(api)
    api.watches.opened = api.watches.told = 0
    if exchange.response.get("ended") and exchange.is_watch and exchange.status == 200:
        ends = threading.Thread(target=_cut_when_watched, args=(api, exchange))
        ends.start()
        yield
        ends.join()
        return
    yield
    api.faults.reset = False


def _nothing(_: ApiServer) -> None:
    pass


def _begin(api: ApiServer) -> None:
    """SIGKILL was before, a new server is there, and has read nothing."""
    api.start(ready=False)
    api.storage.advance_to(_AFTER_RESTART)
    api.parts.starting.without_caches = False  # that of pods was quick


def _without_rbac(api: ApiServer) -> None:
    api.parts.starting.without_rbac = True


def _custom_resources(api: ApiServer) -> None:
    api.parts.starting.without_custom_resources = False


def _rbac(api: ApiServer) -> None:
    api.parts.starting.without_rbac = False


def _end(api: ApiServer) -> None:
    """SIGTERM: for a moment, the server answers still."""
    api.parts.starting.is_ending = True


def _again(api: ApiServer) -> None:
    api.start()


def _reset(api: ApiServer) -> None:
    api.faults.reset = True


_STAGES: dict[int, Callable[[ApiServer], None]] = {
    1: lambda api: api.stop(),
    9: _begin,
    16: _custom_resources,
    17: _rbac,
    19: lambda api: api.become_ready(),
    24: _end,
    25: lambda api: api.terminate(),
    34: _again,
    28: _again,
    29: _end,
    31: lambda api: api.terminate(),
    35: _again,
    37: _reset,
}


def _wait_until_watched(api: ApiServer) -> None:
    with api.storage.changed:
        api.storage.changed.wait_for(lambda: api.watches.opened > 0, 30)


def _while_watched(api: ApiServer, exchange: Exchange) -> None:
    """What happens while a watch is open; its end, where the recording or the connection ended first."""
    _wait_until_watched(api)
    happen_meanwhile(api, exchange)
    if is_live(exchange) or float(exchange.query.get("timeoutSeconds") or 3600) > _LONG_SECONDS:
        api.watches.drop(properly=not exchange.response.get("ended"))


def _cut_when_watched(api: ApiServer, exchange: Exchange) -> None:
    """SIGKILL, or what a proxy cuts in the middle of a line, as soon as the watch is open."""
    _wait_until_watched(api)
    if exchange.number in {35, 36}:
        api.watches.drop(half_line=True, properly=False)
    else:
        with api.storage.changed:
            shown = len(exchange.events)
            api.storage.changed.wait_for(lambda: api.watches.told >= shown, 30)
        api.stop()
