"""The error object of CNI (SPEC 1.1.0 section 5). All of them are built here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.cni.results import pretty

if TYPE_CHECKING:
    from rowhouse.domain.errors import RowhouseError


def error_body(
    error: RowhouseError, *, version: str, request_id: str = "", subject: str = ""
) -> bytes:
    """Return the error as JSON; `details` has the next step, the pod or sandbox, and the id of the request.

    The runtime copies both into events that the users of the pod's namespace read: they name no owner of another one.
    `version` is the cniVersion of the response, `subject` the pod or sandbox ("" if unknown).
    """
    details = [
        part
        for part in (error.hint.rstrip("."), subject, f"request {request_id}" if request_id else "")
        if part
    ]
    document: dict[str, object] = {
        "cniVersion": version,
        "code": error.cni_code,
        "msg": error.public or error.message,
    }
    if details:
        document["details"] = "; ".join(details)
    return pretty(document)
