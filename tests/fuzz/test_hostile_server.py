"""The plugin's reading of HTTP and of its settings: any bytes, and only the errors that it knows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cni_plugin.node import PACKAGES, START, Node
from cni_plugin.scripted import Behaviour, endless, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

sys.path.append(str(PACKAGES))  # as the bundle has it; nothing else is named so
from rowhouse_cni.answer import Answer, NoAnswerError
from rowhouse_cni.errors import BadSettingsError
from rowhouse_cni.http_answer import MAX_BODY, Connection, read_answer
from rowhouse_cni.settings import Settings, key_values

MOST_KIB = 128 * 1024
"""Of address space; a flood is gigabytes in the time of a call."""

HEAD = b"HTTP/1.1 200 OK\r\n"


class Arriving(Connection):
    """An answer in pieces, and then the end of the connection."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces: Iterator[bytes] = iter([piece for piece in pieces if piece])

    def receive(self) -> bytes:
        return next(self.pieces, b"")


WORDS = st.sampled_from(
    [
        *(b"HTTP/1.1 ", b"HTTP/1.0 ", b"HTTP/2 ", b"200", b"100", b"103", b"204", b"302", b"999"),
        *(b" OK", b"\r\n", b"\r\n\r\n", b"\n", b"\0", b":", b" ", b"Content-Length", b"chunked"),
        *(b"Transfer-Encoding: ", b"Content-Length: ", b"0", b"5", b"-1", b"+1", b"1_0", b"ff"),
        *(
            b"9" * 30,
            b"f" * 30,
            b"{}",
            b"hello",
            b";x=y",
            b",",
            b"\xff",
            b"\xd9\xa1",
            b"x" * 70_000,
        ),
    ]
)


@settings(max_examples=600, suppress_health_check=list(HealthCheck))
@given(st.lists(WORDS | st.binary(max_size=6), max_size=30), st.booleans())
def test_any_bytes_are_an_answer_or_none(words: list[bytes], begun: bool) -> None:  # noqa: FBT001 - hypothesis
    try:
        answer = read_answer(Arriving([HEAD, *words] if begun else words))
    except NoAnswerError:
        pass
    else:
        assert isinstance(answer, Answer)
        assert 200 <= answer.status <= 999
        assert len(answer.body) <= MAX_BODY


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["server", "spool", "timeout", "node", "cluster", "token_file", "log_dirs"]
            ),
            st.sampled_from(
                ["http://[::1", "https://a:b@c", "http://x:99999", "nan", "1e999", "/a\0b"]
            )
            | st.text(max_size=20),
        )
    ),
    st.text(max_size=30),
)
def test_any_settings_are_settings_or_a_bad_one_is_named(
    pairs: list[tuple[str, str]], rest: str
) -> None:
    text = "\n".join([f"{key} = {value}" for key, value in pairs] + [rest])
    found: Settings | BadSettingsError
    try:
        found = Settings("/etc/x", key_values("/etc/x", text), {})
    except BadSettingsError as bad:
        found = bad
    assert found.spool.startswith("/")
    assert "\0" not in found.spool
    if isinstance(found, BadSettingsError):
        assert "/etc/x" in found.msg
    else:
        assert 0 < found.timeout <= 600
        for server in found.servers:
            assert (server.authority + server.path).isprintable()
        assert (found.node + found.cluster).isprintable()


FLOODS: dict[str, Behaviour] = {
    "head": endless(HEAD, b"X-More: y\r\n" * 1000),
    "body": endless(HEAD + b"\r\n", b"{" * 65536),
    "chunks of one byte": endless(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10_000
    ),
    "interim answers": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
}


@pytest.mark.parametrize("behaviour", FLOODS.values(), ids=FLOODS)
def test_a_flood_costs_little_memory_and_no_more_than_the_timeout(
    tmp_path: Path, behaviour: Behaviour
) -> None:
    node = Node(tmp_path)
    with serving(behaviour) as server:
        node.configure(server.url, timeout=3)
        limited = ["/bin/sh", "-c", f'ulimit -v {MOST_KIB}; exec "$@"', "sh", sys.executable]
        limited += ["-I", "-S", "-B", "-c", START.format(before="")]
        outcome = node.call(program=[*limited, str(PACKAGES), str(node.default_spool)])
    assert outcome.code == 11, "not 999, which running out of memory would be"
    assert outcome.seconds < 20
