"""Where a request ends is found at the same byte however its bytes arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowhouse.serve.framing import MAX_HEAD, MAX_REQUEST, Framing, RefusedError

HEAD = b"POST /cni HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def whole_after(request: bytes, pieces: list[int]) -> int | None:
    """How many bytes had come when the request was whole; it comes in pieces of these sizes."""
    framing, received, sent = Framing(), bytearray(), 0
    for size in [*pieces, len(request)]:
        received += request[sent : sent + size]
        sent += size
        if framing.is_whole(received):
            return len(received)
    return None


def in_chunks(body: bytes, sizes: list[int]) -> bytes:
    text, at = b"", 0
    for size in [*sizes, len(body)]:
        if piece := body[at : at + size]:
            text += b"%X;name=value\r\n%b\r\n" % (len(piece), piece)
        at += size
    return text + b"0\r\n"


SIZES = st.lists(st.integers(1, 40))


@given(st.binary(max_size=200), st.booleans())
def test_a_request_with_a_length_is_whole_with_its_last_byte(body: bytes, loud: bool) -> None:  # noqa: FBT001 - hypothesis
    name = b"CONTENT-LENGTH:" if loud else b"Content-Length:  "
    request = HEAD + name + b"%d\r\n\r\n" % len(body) + body
    assert whole_after(request, [1] * len(request)) == len(request)


@given(st.binary(max_size=200), SIZES, SIZES, st.sampled_from([b"\r\n", b"X: y\r\nZ:\r\n\r\n"]))
def test_chunks_are_whole_with_the_end_of_their_trailers(
    body: bytes, sizes: list[int], pieces: list[int], trailers: bytes
) -> None:
    request = CHUNKED + in_chunks(body, sizes) + trailers
    assert whole_after(request[:-1], pieces) is None
    assert whole_after(request, pieces) == len(request)
    assert whole_after(request, [1] * len(request)) == len(request)


def test_what_looks_like_the_last_chunk_inside_of_a_chunk_is_not_the_end() -> None:
    request = CHUNKED + b"7\r\n\r\n0\r\n\r\n\r\n"
    assert whole_after(request, []) is None
    assert whole_after(request + b"0\r\n\r\n", []) == len(request) + 5


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\nContent-Length: 50\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 0x5\r\n",
        b"Content-Length: 99999999999999999999\r\n",
    ],
)
def test_what_makes_no_sense_is_not_waited_for(fields: bytes) -> None:
    request = HEAD + fields + b"\r\n"
    assert whole_after(request, [1] * len(request)) == len(request)


@pytest.mark.parametrize("line", [b"x\r\n", b"-1\r\n", b"\r\n", b"1" * 9000])
def test_a_chunk_that_makes_no_sense_is_not_waited_for(line: bytes) -> None:
    assert whole_after(CHUNKED + line, []) == len(CHUNKED + line)


@pytest.mark.parametrize("zeros", [b"0" * 14, b"0" * 15, b"0" * 5000])
def test_zeros_before_a_length_make_no_difference(zeros: bytes) -> None:
    for beginning, end in (
        (HEAD + b"Content-Length: " + zeros + b"5\r\n\r\n", b"12345"),
        (CHUNKED + zeros + b"5\r\n", b"12345\r\n" + zeros + b"\r\n\r\n"),
    ):
        assert whole_after(beginning + end[:-1], []) is None
        assert whole_after(beginning + end, []) == len(beginning + end)


@pytest.mark.parametrize("size", [b"f" * 6, b"f" * 16, b"f" * 5000])
def test_a_chunk_that_is_too_large_is_refused_by_its_size(size: bytes) -> None:
    with pytest.raises(RefusedError, match="413"):
        whole_after(CHUNKED + size + b"\r\n", [])


def test_a_head_without_end_and_chunks_without_end_are_given_up() -> None:
    with pytest.raises(RefusedError, match="431"):
        whole_after(HEAD + b"X: " + b"y" * MAX_HEAD, [1000] * 100)
    endless = CHUNKED + b"1\r\nx\r\n" * (MAX_REQUEST // 6 + 1)
    with pytest.raises(RefusedError, match="413"):
        whole_after(endless, [64_000] * 100)


def test_an_oversized_body_is_not_waited_for() -> None:
    for length in (b"5000000", b"9" * 30, b"9" * 5000):
        framing = Framing()
        assert framing.is_whole(bytearray(HEAD + b"Content-Length: " + length + b"\r\n\r\n"))
        assert framing.oversized


def test_a_handshake_of_tls_is_refused_by_its_first_byte() -> None:
    with pytest.raises(RefusedError, match="serves http"):
        Framing().is_whole(bytearray(b"\x16"))
