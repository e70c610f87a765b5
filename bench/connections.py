"""The server's connections as the chart has them: with TLS, kept or fresh, thousands idle, some that do not read."""

from __future__ import annotations

import contextlib
import multiprocessing
import re
import resource
import socket
import ssl
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import trustme

from bench.database import fresh, server
from bench.http_load import load, paced
from bench.report import Measured
from bench.service import requests, served, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from bench.http_load import Load

ROUNDS = 5
SECONDS = 3.0
CONNECTIONS = 64
IDLE = 5000
UNREAD = 200
UNSENT = 200
SHARE = 0.5
"""The p99 is measured at this share of what the server answers."""

BIG = "/openapi.json"


def run() -> Iterator[Measured]:
    """Two servers on one database, one with TLS; each pair of figures in turn."""
    _allow_files()
    with server() as postgres, tempfile.TemporaryDirectory() as name:
        database, folder = fresh(postgres), Path(name)
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem
        issued.write_to_path(folder / "server.pem")
        trust = ssl.create_default_context()
        authority.configure_trust(trust)
        for kind in ("plain", "tls"):
            (folder / kind).mkdir()
        with (
            serving(folder / "plain", database.conninfo) as plain,
            serving(
                folder / "tls",
                database.conninfo,
                *("--tls-cert", str(folder / "server.pem")),
                keep_alive="3600",  # a slow machine takes minutes to open them all
            ) as tls,
        ):
            kept = yield from _pair(plain, tls, trust, afresh=False)
            yield from _pair(plain, tls, trust, afresh=True)
            rate = kept * SHARE
            yield from _beside_idle(tls, trust, rate)
            yield from _beside_slow(plain, None, rate)
            yield from _beside_slow(tls, trust, rate)


def _allow_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _pair(
    plain: str, tls: str, trust: ssl.SSLContext, *, afresh: bool
) -> Generator[Measured, None, float]:
    """The throughput by TLS against the plain one, and what a call costs the server; return the rate by TLS."""
    ways: dict[str, tuple[str, ssl.SSLContext | None]] = {
        "plain": (plain, None),
        "TLS": (tls, trust),
    }
    rates: dict[str, list[float]] = {way: [] for way in ways}
    costs: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(ROUNDS + 1):
        for way, (url, context) in ways.items():
            used = _figure(url, context, "process_cpu_seconds_total")
            sent = served(
                load(
                    url,
                    requests(is_last=afresh),
                    connections=CONNECTIONS,
                    seconds=SECONDS,
                    trust=context,
                    afresh=afresh,
                )
            )
            used = _figure(url, context, "process_cpu_seconds_total") - used
            if number:  # the first round warms
                rates[way].append(sent.rate)
                costs[way].append(used / len(sent.latencies) * 1000)
    what = "fresh for each call" if afresh else "kept"
    yield Measured(
        part="connections",
        what=f"ADD by TLS, {CONNECTIONS} connections, {what}",
        unit="/s",
        runs=tuple(rates["TLS"]),
        floor_name="plain",
        floor_runs=tuple(rates["plain"]),
        target=">= 0.6" if afresh else ">= 0.9",
    )
    yield Measured(
        part="connections",
        what="  CPU time of the server for a call",
        unit="ms",
        runs=tuple(costs["TLS"]),
        floor_name="plain",
        floor_runs=tuple(costs["plain"]),
    )
    return sum(rates["TLS"]) / ROUNDS


def _beside_idle(url: str, trust: ssl.SSLContext, rate: float) -> Iterator[Measured]:
    """ADD's p99 beside thousands of idle connections, and their memory."""
    alone, beside, sizes = [], [], []
    for _ in range(ROUNDS):
        alone.append(_paced(url, trust, rate))
        before = _figure(url, trust, "process_resident_memory_bytes")
        with _held(_open_idle, url, IDLE, left=IDLE):
            grown = _figure(url, trust, "process_resident_memory_bytes") - before
            sizes.append(grown / IDLE / 1024)
            beside.append(_paced(url, trust, rate))
    yield _p99(f"ADD's p99 beside {IDLE:,} idle TLS connections", beside, alone, "<= 1.2")
    yield Measured(
        part="connections",
        what="  memory of the server for each of them",
        unit="KiB",
        runs=tuple(sizes[:1]),  # later ones take memory that the first ones left
    )


def _beside_slow(url: str, trust: ssl.SSLContext | None, rate: float) -> Iterator[Measured]:
    """ADD's p99 while clients do not read their answers, and others do not finish their requests."""
    alone, beside = [], []
    for _ in range(ROUNDS):
        alone.append(_paced(url, trust, rate))
        # A half request may have timed out, on a slow machine.
        with _held(_open_slow, url, UNREAD + UNSENT, left=UNREAD):
            beside.append(_paced(url, trust, rate))
    way = "TLS" if trust else "plain"
    yield _p99(
        f"ADD's p99, {UNREAD} clients that do not read, {UNSENT} half requests, {way}",
        beside,
        alone,
        "<= 2",
    )


def _paced(url: str, trust: ssl.SSLContext | None, rate: float) -> Load:
    return served(paced(url, requests(), rate=rate, connections=16, seconds=SECONDS, trust=trust))


def _p99(what: str, beside: list[Load], alone: list[Load], target: str) -> Measured:
    return Measured(
        part="connections",
        what=what,
        unit="ms",
        runs=tuple(one.percentile(0.99) * 1000 for one in beside),
        floor_name="without them",
        floor_runs=tuple(one.percentile(0.99) * 1000 for one in alone),
        target=target,
    )


@contextlib.contextmanager
def _held(
    opening: Callable[[str, int], list[socket.socket]], url: str, number: int, *, left: int
) -> Iterator[None]:
    """Connections that another process holds, so that they cost this one nothing; `left` of them to the end."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=_hold, args=(opening, url, number, theirs)
    )
    process.start()
    try:
        ours.recv()
        yield
        ours.send(None)
        if ours.recv() < left:
            raise RuntimeError("the server has closed connections that it should keep")
    finally:
        process.terminate()
        process.join()
        time.sleep(0.5)  # until the server has noticed


def _hold(
    opening: Callable[[str, int], list[socket.socket]], url: str, number: int, pipe: object
) -> None:
    opened = opening(url, number)
    pipe.send(None)  # type: ignore[attr-defined]
    pipe.recv()  # type: ignore[attr-defined]
    established = b"\x01"
    left = [one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) for one in opened]
    pipe.send(left.count(established))  # type: ignore[attr-defined]


def _open_idle(url: str, number: int) -> list[socket.socket]:
    trust = _trust()
    opened = []
    for _ in range(number):
        opened.append(_connect(url, trust))
        opened[-1].sendall(b"GET /livez HTTP/1.1\r\nHost: bench\r\n\r\n")
        opened[-1].recv(65536)
    return opened


def _open_slow(url: str, number: int) -> list[socket.socket]:
    trust = _trust()
    opened = [_connect(url, trust, small=True) for _ in range(number)]
    for one in opened[:UNREAD]:
        one.sendall(f"GET {BIG} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    for one in opened[:UNREAD]:
        one.recv(1)
    for one in opened[UNREAD:]:
        one.sendall(b"POST /cni HTTP/1.1\r\nHost: bench\r\nContent-Length: 100\r\n\r\n{")
    return opened


def _connect(url: str, trust: ssl.SSLContext, *, small: bool = False) -> socket.socket:
    """A connection; with small windows, because the buffers of loopback would take a whole answer."""
    parts = urlsplit(url)
    sock = socket.socket()
    if small:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    sock.connect((parts.hostname, parts.port))
    return trust.wrap_socket(sock) if parts.scheme == "https" else sock


def _trust() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _figure(url: str, trust: ssl.SSLContext | None, name: str) -> float:
    """A value of the server's metrics."""
    with urllib.request.urlopen(f"{url}/metrics", context=trust) as answer:  # noqa: S310 - ours
        found = re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"the server has no metric {name}")
    return float(found[1])
