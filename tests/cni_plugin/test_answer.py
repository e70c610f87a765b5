"""What becomes of an answer, a whole one or a hostile one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cni_plugin.kept import ENTRY
from cni_plugin.node import BRIEFLY
from cni_plugin.scripted import (
    RESULT,
    Behaviour,
    byte_by_byte,
    drip,
    endless,
    foreign,
    good,
    raw,
    refusal,
    reply,
    reset,
    serving,
    silent,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cni_plugin.node import Node

HEAD = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(RESULT)
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PAGE = b"<html><body>502 Bad Gateway</body></html>"
MEBIBYTE = 1024 * 1024


def chunks(body: bytes) -> bytes:
    return b"".join(b"%x;ext=1\r\n%b\r\n" % (len(p), p) for p in (body[:7], body[7:]))


@pytest.mark.parametrize("command", ["DEL", "CHECK", "STATUS", "GC"])
def test_success_without_a_result_prints_nothing(node: Node, command: str) -> None:
    with serving(reply(200)) as server:
        node.configure(server.url)
        outcome = node.call(command)
    assert (outcome.exit_status, outcome.stdout, outcome.stderr) == (0, b"", b"")
    assert server.asked == [(command, "ctr-new")]


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + LENGTH + RESULT,
        HEAD + b"content-length:%d\r\n\r\n" % len(RESULT) + RESULT + b"more than promised",
        HEAD + b"Content-Length: %d\r\n" % len(RESULT) + LENGTH + RESULT,
        b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\n" + RESULT,
        b"HTTP/1.1 200\r\n" + LENGTH + RESULT,
        CHUNKED + chunks(RESULT) + b"0\r\n\r\n",
        CHUNKED + chunks(RESULT) + b"0\r\nTrailer: x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + HEAD + LENGTH + RESULT,
    ],
    ids=["length", "surplus", "length-twice", "to-the-end", "no-reason", "chunked", "trailer",
         "interim"],
)  # fmt: skip
@pytest.mark.parametrize("send", [raw, byte_by_byte])
def test_a_result_is_printed_byte_for_byte(
    node: Node, answer: bytes, send: Callable[[bytes], Behaviour]
) -> None:
    with serving(send(answer)) as server:
        node.configure(server.url)
        outcome = node.call()
    assert (outcome.exit_status, outcome.stdout, outcome.stderr) == (0, RESULT, b"")


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422, 500, 503])
def test_an_error_of_rowhouse_is_printed_byte_for_byte(node: Node, status: int) -> None:
    body = b'{"cniVersion": "1.0.0",\n"code": 100, "msg": "exhausted", "details": "\xc3\xa9"}\n'
    with serving(reply(status, body)) as server:
        node.configure(server.url)
        outcome = node.call(before=BRIEFLY)
    assert (outcome.exit_status, outcome.stdout) == (1, body)
    assert len(server.requests) == 1 or status == 503  # that one may pass


HOSTILE: dict[str, Behaviour] = {
    "reset": reset,
    "closes at once": raw(b""),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "no status": raw(b"HTTP/1.1 OK\r\n\r\n"),
    "head cut short": raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "body cut short": raw(HEAD + b"Content-Length: 100\r\n\r\n" + RESULT),
    "chunk cut short": raw(CHUNKED + b"ff\r\n" + RESULT),
    "last chunk missing": raw(CHUNKED + chunks(RESULT)),
    "chunk without end": raw(CHUNKED + b"5\r\n{1234567"),
    "chunk of no size": raw(CHUNKED + b"zz\r\n"),
    "chunk of negative size": raw(CHUNKED + b"-5\r\n"),
    "chunk too large": raw(CHUNKED + b"fffffffffffffffff\r\n"),
    "chunk size endless": endless(CHUNKED, b"0" * 4096),
    "result cut short, no length": raw(HEAD + b"\r\n" + RESULT[:-3]),
    "negative length": raw(HEAD + b"Content-Length: -1\r\n\r\n" + RESULT),
    "two lengths": raw(HEAD + b"Content-Length: 1\r\n" + LENGTH + RESULT),
    "length of words": raw(HEAD + b"Content-Length: lots\r\n\r\n" + RESULT),
    "length too large": raw(HEAD + b"Content-Length: %d\r\n\r\n" % (2 * MEBIBYTE)),
    "length huge": raw(HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n"),
    "body endless": endless(HEAD + b"\r\n", b"{" * 65536),
    "chunks endless": endless(CHUNKED, b"10\r\n0123456789abcdef\r\n" * 1000),
    "head endless": endless(HEAD, b"X-More: y\r\n" * 1000),
    "interim answers endless": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "gzip": raw(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n"),
    "empty result": reply(200),
    "page as result": reply(200, PAGE),
    "bad gateway": reply(502, PAGE),
    "empty bad gateway": reply(502),
    "somebody else's JSON": reply(503, b'{"kind": "Status", "code": 503, "message": "no"}'),
    "redirect": raw(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"),
    "no content": raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
}


@pytest.mark.parametrize("behaviour", HOSTILE.values(), ids=HOSTILE)
def test_an_unusable_answer_to_an_add_is_code_11(node: Node, behaviour: Behaviour) -> None:
    with serving(behaviour) as server:
        node.configure(server.url)
        outcome = node.call(before=BRIEFLY)
    assert outcome.code == 11
    assert outcome.error["msg"] == "no Rowhouse server answered ADD"
    assert server.url in outcome.error["details"]
    assert str(node.settings) in outcome.error["details"]


@pytest.mark.parametrize("behaviour", [silent, drip(HEAD + b"X: y\r\n" * 1000)],
                         ids=["silent", "drips"])  # fmt: skip
@pytest.mark.parametrize("command", ["ADD", "DEL"])
def test_a_slow_server_cannot_hold_a_call_beyond_its_timeout(
    node: Node, behaviour: Behaviour, command: str
) -> None:
    with serving(behaviour) as server:
        node.configure(server.url, timeout=0.4)
        outcome = node.call(command)
    assert outcome.seconds < 10
    if command == "ADD":
        assert outcome.code == 11
        assert "took too long" in outcome.error["details"]
    else:
        assert (outcome.exit_status, outcome.stdout) == (0, b"")


def test_an_answer_that_comes_before_the_request_is_read_counts(node: Node) -> None:
    with serving(refusal(413, 6, "too large"), read_body=False) as server:
        node.configure(server.url)
        assert node.call(netconf=b"x" * 20_000).error["msg"] == "too large"


@pytest.mark.parametrize(("command", "code"), [("CHECK", 11), ("GC", 11), ("STATUS", 50)])
def test_no_server_is_code_11_but_for_status(node: Node, command: str, code: int) -> None:
    with serving(reset) as server:
        node.configure(server.url)
        outcome = node.call(command, before=BRIEFLY)
    assert outcome.code == code
    assert outcome.error["msg"] == f"no Rowhouse server answered {command}"


ERROR = b'{"cniVersion": "1.0.0", "code": 7, "msg": "no"}'
FOREIGN: dict[str, Behaviour] = {
    "nothing": foreign(200),
    "an empty object": foreign(200, b"{}"),
    "an object": foreign(200, b'{"status": "ok"}'),
    "an error of the same form": foreign(404, b'{"code": 404, "msg": "not found"}'),
    "a final refusal of the same form": foreign(400, b'{"code": 400, "msg": "bad request"}'),
    "the id of a proxy": foreign(200, b"", "X-Request-ID: 4f1c7b52-7d1e-4b8e-9d6a-3a8d5c1f0e2b"),
    "the answer to another call": foreign(200, b"", "Rowhouse-Answer: 1"),
    "the error of another call": foreign(400, ERROR, "Rowhouse-Answer: 1"),
    "a result": foreign(200, RESULT),
}


@pytest.mark.parametrize("behaviour", FOREIGN.values(), ids=FOREIGN)
def test_another_http_server_swallows_no_del(node: Node, behaviour: Behaviour) -> None:
    with serving(behaviour) as server:
        node.configure(server.url)
        outcome = node.call("DEL", before=BRIEFLY)
        assert (outcome.exit_status, outcome.stdout) == (0, b"")
        assert node.kept == [ENTRY]
        assert node.call("DEL", CNI_CONTAINERID="other", before=BRIEFLY).exit_status == 0
    assert ENTRY in node.kept, "a replay must not lose it either"
    with serving(good) as server:
        node.configure(server.url)
        assert node.call(CNI_CONTAINERID="third").stdout == RESULT
    assert ("DEL", "ctr-new") in server.asked


@pytest.mark.parametrize(
    "behaviour",
    [foreign(200, b'{"status": "ok"}'), foreign(200, RESULT, "Rowhouse-Answer: 1")],
    ids=["an object", "the result of another call"],
)
def test_another_http_server_assigns_no_address(node: Node, behaviour: Behaviour) -> None:
    with serving(behaviour) as server:
        node.configure(server.url)
        outcome = node.call(before=BRIEFLY)
    assert outcome.code == 11
    assert "not from Rowhouse" in outcome.error["details"]


def test_a_server_that_repeats_no_call_is_known_by_the_form_of_its_answers(node: Node) -> None:
    own_id = "X-Request-ID: 0123456789abcdef"
    with serving(foreign(200, RESULT), foreign(409, ERROR), foreign(200, b"", own_id)) as server:
        node.configure(server.url)
        assert node.call().stdout == RESULT
        assert node.call().stdout == ERROR
        assert node.call("DEL").exit_status == 0
    assert node.kept == []


def test_each_request_has_a_number_of_its_own(node: Node) -> None:
    with serving(reply(502), good) as server:
        node.configure(server.url)
        node.call()
        node.call()
    numbers = {request.get("Rowhouse-Call") for request in server.requests}
    assert len(numbers) == len(server.requests) == 3


def test_a_closed_standard_output_fails_the_call(node: Node) -> None:
    with serving(reply(200, RESULT)) as server:
        node.configure(server.url)
        process = node.start(before="import posix; posix.close(1)")
        process.communicate(timeout=240)
    assert process.returncode == 1
    assert len(server.requests) == 1
