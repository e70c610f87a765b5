"""Each log line is a JSON object joined to its request; metrics have few labels."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from rowhouse import telemetry

LOGGING = """
import logging, structlog
from rowhouse import telemetry
telemetry.configure_logging(level="INFO")
telemetry.begin_request("abc-1")
telemetry.bind(pod="devops/web-0")
structlog.get_logger("rowhouse.cni").info("answered", code=0)
logging.getLogger("some.library").warning("careful: %s", 7)
logging.getLogger("some.library").debug("too much")
try:
    token = "s3cr" + "3t"
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().exception("failed")
telemetry.end_request()
structlog.get_logger().info("outside")
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-c", LOGGING], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_line_is_an_object_with_the_requests_fields(lines: list[dict[str, object]]) -> None:
    ours = lines[0]
    assert ours.pop("timestamp")
    assert ours == {
        "event": "answered",
        "code": 0,
        "level": "info",
        "logger": "rowhouse.cni",
        "request_id": "abc-1",
        "pod": "devops/web-0",
    }


def test_a_librarys_line_is_joined_to_the_request_too(lines: list[dict[str, object]]) -> None:
    assert lines[1]["event"] == "careful: 7"
    assert lines[1]["request_id"] == "abc-1"
    assert lines[1]["level"] == "warning"


def test_a_database_that_is_away_does_not_flood_the_log() -> None:
    many = """
import logging
from rowhouse import telemetry
telemetry.configure_logging()
for i in range(100):
    logging.getLogger("psycopg.pool").warning("error connecting in %r: %s", "pool-1", i)
    logging.getLogger("psycopg.pool").warning("reconnection attempt failed after %s sec", i)
"""
    done = subprocess.run([sys.executable, "-c", many], capture_output=True, text=True, check=True)
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == [
        "error connecting in 'pool-1': 0",
        "reconnection attempt failed after 0 sec",
    ]


def test_a_library_that_logs_each_step_is_quiet_even_at_debug() -> None:
    program = """
import http.server, logging, threading
from rowhouse import telemetry
telemetry.configure_logging(level="DEBUG")
import httpx2
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
server.RequestHandlerClass.log_message = lambda *_: None
threading.Thread(target=server.handle_request).start()
httpx2.get(f"http://127.0.0.1:{server.server_port}/", headers={"Authorization": "Bearer s3cr3t"})
logging.getLogger("alembic.runtime.migration").info("looked")
logging.getLogger("some.library").debug("asked for")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["asked for"]


def test_a_stack_trace_is_inside_its_line(lines: list[dict[str, object]]) -> None:
    assert len(lines) == 4
    assert "ZeroDivisionError" in json.dumps(lines[2]["exception"])


def test_what_was_in_the_variables_is_in_no_stack_trace(lines: list[dict[str, object]]) -> None:
    assert "s3cr3t" not in json.dumps(lines)


def test_the_request_is_forgotten_at_its_end(lines: list[dict[str, object]]) -> None:
    assert "request_id" not in lines[3]


@pytest.mark.parametrize("given", ["abc-123", "a" * 64, "Root=1-67891233-abcdef012345678912345678"])
def test_a_sane_request_id_is_kept(given: str) -> None:
    assert telemetry.begin_request(given) == given
    assert telemetry.request_id() == given
    telemetry.end_request()
    assert telemetry.request_id() == ""


@pytest.mark.parametrize("given", [None, "", "a" * 65, 'x"y', "new\nline", "ü", "a b"])
def test_any_other_is_replaced(given: str | None) -> None:
    made = telemetry.begin_request(given)
    assert made != given
    assert len(made) == 16
    telemetry.end_request()


def test_threads_have_requests_of_their_own() -> None:
    telemetry.begin_request("outer")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(telemetry.request_id).result() == ""
    telemetry.end_request()


def test_calls_are_counted_by_command_and_code() -> None:
    telemetry.count_cni_call(command="ADD", code=100, seconds=0.003)
    text = telemetry.metrics().decode()
    assert 'rowhouse_cni_requests_total{code="100",command="ADD"}' in text
    assert 'rowhouse_cni_request_duration_seconds_bucket{command="ADD",le="0.005"}' in text


def test_a_made_up_command_gets_no_label_of_its_own() -> None:
    telemetry.count_cni_call(command="10.0.0.1", code=4, seconds=0.001)
    assert "10.0.0.1" not in telemetry.metrics().decode()
    assert 'command="other"' in telemetry.metrics().decode()
