"""Calls over HTTP: `POST /cni` as the plugin sends them, and the administration API."""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from faults.second.records import Record, Records

INTERFACE = "net1"
NAMESPACE = "default"
SECONDS = 30.0
MAX_IDLE_SECONDS = 2.0


class Wire:
    """One client's connection, which is kept."""

    def __init__(self, url: str, records: Records) -> None:
        self.records = records
        self._host = urlsplit(url).netloc
        self._connection = http.client.HTTPConnection(self._host, timeout=SECONDS)
        self._used_at = time.monotonic()

    def cni(self, call: Record, netconf: dict[str, Any], arguments: str) -> dict[str, Any]:
        """A call of the plugin; its kind is the command. What it answers, {} if it failed."""
        headers = {
            "CNI-Command": call.kind,
            "CNI-ContainerID": call.container,
            "CNI-IfName": INTERFACE,
            "CNI-NetNS": f"/var/run/netns/{call.container}",
            "CNI-Args": f"IgnoreUnknown=1;{arguments}",
            "Rowhouse-Node": call.node,
            "Rowhouse-Timeout": str(SECONDS),
        }
        document = self._exchange(call, "POST", "/cni", headers, netconf)
        if call.outcome == "refused":
            call.code = document.get("code", 0)
            call.message = f"{document.get('msg', '')} {document.get('details', '')}"
        elif call.kind == "ADD" and call.outcome == "ok":
            call.addresses = tuple(one["address"].partition("/")[0] for one in document["ips"])
        self._finish(call)
        return document

    def api(
        self, call: Record, method: str, path: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """A call of the administration API. What it answers."""
        document = self._exchange(call, method, f"/api/v1{path}", {}, body)
        call.message = str(document.get("detail", ""))
        if call.outcome == "ok" and call.kind == "reserve":
            call.addresses = tuple(one["address"] for one in document["items"])
        self._finish(call)
        return document

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _exchange(
        self,
        call: Record,
        method: str,
        path: str,
        headers: dict[str, str],
        body: dict[str, Any] | None,
    ) -> dict[str, Any]:
        text = None if body is None else json.dumps(body)
        sent = {"Content-Type": "application/json", **headers}
        # The server closes a connection that was idle for five seconds.
        if time.monotonic() - self._used_at > MAX_IDLE_SECONDS:
            self.close()
        try:
            try:
                self._connection.request(method, path, text, sent)
            except (BrokenPipeError, ConnectionResetError):
                self.close()  # (this process was stopped between the look and the call)
                self._connection.request(method, path, text, sent)
            answer = self._connection.getresponse()
            said = answer.read()
            self._used_at = time.monotonic()
        except (OSError, http.client.HTTPException) as error:
            call.message = repr(error)
            self.close()
            return {}
        call.status = answer.status
        document: dict[str, Any] = json.loads(said) if said else {}
        if answer.status < 400:
            call.outcome = "ok"
        elif answer.status < 500:
            call.outcome = "refused"
        else:
            call.code = document.get("code", 0)
            call.message = json.dumps(document)
        return document

    def _finish(self, call: Record) -> None:
        self.records.end(call)
        if call.outcome == "unknown" and not (call.status == 503 and call.code == 11):
            self.records.note("a call failed", f"{call.kind} {call.network}: {call.message}")
        if "tenure" in call.message:
            self.records.note("a call failed because of a tenure", call.message)
