"""A wire between the server and its database that can be cut at the worst moment, slowed down, or go silent."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

Cut = Literal["before", "within", "behind", "after"]
"""When a wire is cut: before a statement is passed on; in the middle of it; as soon as it has been passed on,
so that it is carried out without an answer; when the database's answer has come, which is thrown away."""

CUTS: Final[tuple[Cut, ...]] = ("before", "within", "behind", "after")


class Proxy:
    """Listens, on 127.0.0.1 unless it is told to, and passes on to a database's unix socket. A context manager."""

    def __init__(self, target: str, listen: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self.cuts = 0
        self.delay = 0.0
        """Seconds that each statement is held back."""
        self._target = target
        self._armed: list[Cut] = []
        self._cut_made = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._open: asyncio.Event | None = None
        self._listener = socket.create_server(listen)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="proxy", daemon=True)
        self._links: set[asyncio.Task[None]] = set()
        # Links whose next answer is thrown away, by what then tells of it.
        self._muting: dict[asyncio.Future[None], bool] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def aim(self, target: str) -> None:
        """Pass new connections on to another database."""
        self._target = target

    def cut(self, when: Cut, seconds: float = 30.0) -> None:
        """Cut the wire of the next statement. Raises TimeoutError if none comes."""
        with self._cut_made:
            wanted = self.cuts + 1
            self._armed.append(when)
            if not self._cut_made.wait_for(lambda: self.cuts >= wanted, seconds):
                raise TimeoutError("no statement came to be cut")

    def silence(self) -> None:
        """From now on nothing passes and nothing is closed, as if the network were gone."""
        self._loop.call_soon_threadsafe(self._gate().clear)

    def speak(self) -> None:
        """Pass on again, also what has waited."""
        self._loop.call_soon_threadsafe(self._gate().set)

    def _gate(self) -> asyncio.Event:
        assert self._open is not None
        return self._open

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._open = asyncio.Event()
        self._open.set()
        server = self._loop.run_until_complete(
            asyncio.start_server(self._accept, sock=self._listener)
        )
        self._loop.run_forever()
        server.close()
        for link in self._links:
            link.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._links, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        try:
            await self._link(reader, writer)
        except asyncio.CancelledError:
            pass  # the proxy ends
        finally:
            self._links.discard(task)
            writer.transport.abort()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream, downstream = await asyncio.open_unix_connection(self._target)
        except OSError:
            return
        muted: asyncio.Future[None] = self._loop.create_future()
        pumps = [
            asyncio.create_task(self._statements(reader, downstream, muted)),
            asyncio.create_task(self._answers(upstream, writer, muted)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            downstream.transport.abort()

    async def _statements(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        muted: asyncio.Future[None],
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                await self._gate().wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                # Parse or Bind: only what carries a statement, not the beginning of a connection.
                if self._armed and piece[:1] in b"PB":
                    await self._cut(self._armed.pop(0), piece, writer, muted)
                    return
                writer.write(piece)
                await writer.drain()

    async def _answers(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        muted: asyncio.Future[None],
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                await self._gate().wait()
                if self._muting.pop(muted, None):
                    muted.set_result(None)
                    return
                writer.write(piece)
                await writer.drain()

    async def _cut(
        self,
        when: Cut,
        piece: bytes,
        writer: asyncio.StreamWriter,
        muted: asyncio.Future[None],
    ) -> None:
        if when == "after":
            self._muting[muted] = True
        if when != "before":
            writer.write(piece[: len(piece) // 2] if when == "within" else piece)
            with contextlib.suppress(OSError):
                await writer.drain()
        if when == "after":
            await muted
        with self._cut_made:
            self.cuts += 1
            self._cut_made.notify_all()
