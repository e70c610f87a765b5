"""`POST /cni`: parse the call, run the use case, answer in CNI's format. 200 is exit status 0.

`POST /cni/report` takes the reports of nodes' agents.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog
from flask import Blueprint, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from rowhouse.auth.caller import bound_node, require_node, require_reporter
from rowhouse.auth.guard import least_role
from rowhouse.cni import versions
from rowhouse.cni.arguments import Arguments, parse_arguments
from rowhouse.cni.call import MAX_BODY, Call, answer_version, parse_call
from rowhouse.cni.check import previous_addresses, verify
from rowhouse.cni.configurations import Configurations
from rowhouse.cni.failures import error_body
from rowhouse.cni.garbage import has_valid_attachments, valid_attachments
from rowhouse.cni.netconf import Netconf, ipam_object, is_strict
from rowhouse.cni.plan import plan_addresses, result_addresses
from rowhouse.cni.report import MAX_REPORT, node_name, parse_report
from rowhouse.cni.requested_mac import requested_mac
from rowhouse.cni.results import result_body, version_body
from rowhouse.cni.warnings import Warnings
from rowhouse.domain.errors import (
    AddressOutsideRanges,
    AddressTaken,
    InputFailure,
    InvalidConfig,
    InvalidEnvironment,
    NotReady,
    PoolExhausted,
    QuotaExceeded,
    RowhouseError,
    TryAgain,
)
from rowhouse.domain.requests import Owner, PodIdentity, Sandbox
from rowhouse.ipam import nodes
from rowhouse.ipam.adoption import UnnamedImports, adopt_sandbox, imported
from rowhouse.ipam.allocation_failures import AllocationFailureQueue
from rowhouse.ipam.attach import attach
from rowhouse.ipam.check import reserved
from rowhouse.ipam.detach import detach
from rowhouse.ipam.garbage import collect_garbage
from rowhouse.ipam.lasting_owners import with_lasting_owner
from rowhouse.ipam.readiness import readiness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask.blueprints import BlueprintSetupState

    from rowhouse.domain.requests import Assigned
    from rowhouse.ipam.placement import PodPlacement
    from rowhouse.store.connection.database import Database

blueprint = Blueprint("cni", __name__)
_CONFIGURATIONS = "rowhouse_cni_configurations"
_ALLOCATION_FAILURES = "rowhouse_cni_allocation_failures"
_UNNAMED = "rowhouse_cni_unnamed"
_WARNINGS = "rowhouse_cni_warnings"
_CALL = re.compile(r"[0-9A-Za-z._-]{1,64}")
_log = structlog.get_logger(__name__)


@blueprint.record
def _remember(state: BlueprintSetupState) -> None:
    settings = state.app.extensions["rowhouse"].settings
    state.app.extensions[_CONFIGURATIONS] = Configurations(settings.compat, settings.cni_defaults)
    store = state.app.extensions["rowhouse"].store
    notes = AllocationFailureQueue(store)
    state.app.extensions[_ALLOCATION_FAILURES] = notes
    state.app.extensions[_UNNAMED] = UnnamedImports(store)
    state.app.extensions[_WARNINGS] = Warnings(notes)


@blueprint.post("/cni")
@least_role("node")
def serve() -> Response:
    """Serve one call of the plugin, which prints the response's body."""
    call = parse_call(request.headers, _body())
    structlog.contextvars.bind_contextvars(
        command=call.command, container_id=call.container_id, interface=call.interface
    )
    cluster, node = require_node(call.cluster, call.node)
    answer = _VERBS[call.command](replace(call, cluster=cluster, node=node))
    return Response(answer, mimetype="application/json")


@blueprint.post("/cni/report")
@least_role("node")
def report() -> Response:
    """Store the report of a node's agent. The answer is empty, and repeats the number of the call as others do."""
    named = [node_name(request.headers, f"Rowhouse-{what}") for what in ("Cluster", "Node")]
    cluster, node = require_reporter(*named)
    nodes.report(_store(), parse_report(cluster, node, _body(MAX_REPORT)))
    return Response(b"", mimetype="application/json")


def add(call: Call) -> bytes:
    """ADD: an address from every range, all or nothing."""
    netconf, arguments = _netconf(call)
    if not arguments.pod_name:
        raise InvalidEnvironment(
            "IPAM client initialization error: no pod name",
            hint="CNI_ARGS must contain K8S_POD_NAME (multus sends it)",
        )
    plan = _configurations().plan(call.body, arguments)
    owner = _owner(call, netconf, arguments)
    sandbox = _sandbox(call)
    if not netconf.strict:  # upstream does not read it
        sandbox = replace(sandbox, mac=requested_mac(call.config, arguments))
    if netconf.keep_for or netconf.by_claim:
        with _noting_refused_claim(owner, call.node, is_claim=netconf.by_claim):
            owner = with_lasting_owner(
                owner,
                netconf.keep_for,
                network=call.network_name,
                by_claim=netconf.by_claim,
                pods=_pods(),
                bound_node=bound_node(),
            )
            if owner.lasting is not None and owner.lasting.requests:
                plan = _configurations().plan(call.body, arguments, owner.lasting)
    assigned: list[Assigned] = []
    if plan.requests:
        is_claim = owner.lasting is not None and owner.lasting.kind == "claim"
        try:
            with _noting_refused_claim(owner, call.node, is_claim=is_claim):
                assigned = attach(
                    _store(),
                    owner,
                    sandbox,
                    plan.requests,
                    strict=netconf.strict,
                    bound_node=bound_node(),
                    pods=_pods(),
                    unnamed=current_app.extensions[_UNNAMED],
                )
        except (PoolExhausted, QuotaExceeded, AddressTaken) as error:
            if not (is_claim and isinstance(error, AddressTaken)):  # that is noted as refused
                current_app.extensions[_ALLOCATION_FAILURES].refused(owner, call.node, error)
            raise
        warnings: Warnings = current_app.extensions[_WARNINGS]
        warnings.sticky_name(owner, call.node, call.network_name)
        warnings.shared_name(owner, call.node, assigned)
    return result_body(
        call.cni_version, result_addresses(netconf, plan, assigned), netconf.routes, netconf.dns
    )


def delete(call: Call) -> bytes:
    """DEL: by container and interface only; strict mode also checks the configuration, if it was read."""
    if call.body and is_strict(call.config, _settings().compat):
        _netconf(call)
    store, sandbox, node = _store(), _sandbox(call), bound_node()
    if not detach(store, sandbox, only_node=node) and adopt_sandbox(
        store, sandbox, _pod(call), _ranges(call), only_node=node, pods=_pods()
    ):
        detach(store, sandbox, only_node=node)
    return b""


def check(call: Call) -> bytes:
    """CHECK: the reservations exist, and `prevResult` contains their addresses."""
    previous = previous_addresses(call.config)
    netconf, _ = _netconf(call)
    store, sandbox, node = _store(), _sandbox(call), bound_node()
    held = reserved(store, sandbox, only_node=node)
    if not held:
        held = imported(store, sandbox, _pod(call), _ranges(call), only_node=node, pods=_pods())
    verify(netconf, held, previous)
    return b""


def status(call: Call) -> bytes:
    """STATUS: could an ADD of this network be served now? Strict mode never checks, as upstream."""
    netconf, arguments = _netconf(call)
    if netconf.strict:
        return b""
    try:
        readiness(_store(), plan_addresses(netconf, arguments).requests)
    except PoolExhausted as error:
        raise NotReady(error.message, hint=error.hint) from error
    return b""


def collect(call: Call) -> bytes:
    """GC: release what the runtime does not list, of this node and this network only."""
    if not call.node:
        raise InvalidEnvironment(
            "required env variables [ROWHOUSE_NODE] missing", hint="set node in rowhouse.conf"
        )
    if is_strict(call.config, _settings().compat) and not has_valid_attachments(call.config):
        return b""  # upstream has no GC: it succeeds and releases nothing
    valid = valid_attachments(call.config)
    collect_garbage(_store(), call.cluster, call.node, call.network_name, valid)
    return b""


def version(_call: Call) -> bytes:
    """VERSION: for callers without the plugin, which answers it itself."""
    return version_body(versions.CURRENT, versions.SUPPORTED)


_VERBS: dict[str, Callable[[Call], bytes]] = {
    "ADD": add,
    "DEL": delete,
    "CHECK": check,
    "STATUS": status,
    "GC": collect,
    "VERSION": version,
}


@blueprint.after_request
def answer_call(response: Response) -> Response:
    """Repeat the number of the call, so that the plugin knows this answer from that of another HTTP server."""
    call = request.headers.get("Rowhouse-Call", "")
    if _CALL.fullmatch(call):
        response.headers["Rowhouse-Answer"] = call
    return response


@blueprint.errorhandler(RowhouseError)
def fail(error: RowhouseError) -> Response:
    """Convert an error to the CNI error object."""
    if isinstance(error, TryAgain) and request.headers.get("CNI-Command") == "STATUS":
        error = NotReady(error.message, hint=error.hint)  # the guard could not check the token
    try:
        body = _body()  # it may not have been read yet
    except HTTPException:
        body = None
    return _failure(error, body or b"")


@blueprint.errorhandler(HTTPException)
def fail_unread(error: HTTPException) -> Response:
    """Convert Flask's refusal of a request to the CNI error object."""
    return _failure(InputFailure(f"the request could not be read: {error.description}"))


@blueprint.errorhandler(Exception)
def fail_unexpectedly(error: Exception) -> Response:
    """Log an unexpected error and answer with a CNI error code, never with a bare 500."""
    _log.error("cni_call_failed", exc_info=error)
    return fail(RowhouseError("internal error", hint="see the server's log"))


def _failure(error: RowhouseError, body: bytes = b"") -> Response:
    """Return the CNI error object for a call with this `body`; `_end` of app.py counts the call by `g.cni_code`."""
    g.cni_code = error.cni_code
    if error.public:  # the answer does not say what the operator needs
        _log.info("address_held", reason=error.message)
    bound = structlog.contextvars.get_contextvars()
    document = error_body(
        error,
        version=answer_version(body),
        request_id=str(bound.get("request_id", "")),
        subject=f"pod {bound['pod']}" if "pod" in bound else "",
    )
    return Response(document, status=error.http_status, mimetype="application/json")


def _body(most: int = MAX_BODY) -> bytes | None:
    """Return the body; None if it has more than `most` bytes. The connection then ends after the response."""
    request.max_content_length = most
    try:
        return request.get_data(cache=True)
    except RequestEntityTooLarge:
        return None


def _netconf(call: Call) -> tuple[Netconf, Arguments]:
    ipam_object(call.config)  # authorization comes before anything else
    arguments = parse_arguments(call.args)
    if arguments.pod_name:
        pod = f"{arguments.pod_namespace}/{arguments.pod_name}"
        structlog.contextvars.bind_contextvars(pod=pod, network=call.network_name)
    return _configurations().netconf(call.body), arguments


def _ranges(call: Call) -> tuple[list[str], list[str]] | None:
    """Return networks and CIDRs of the call's configuration, in parallel lists; None if it is unreadable."""
    try:
        netconf = _configurations().netconf(call.body)
    except RowhouseError:
        return None
    cidrs = [entry.configured.cidr_text for entry in netconf.ranges if entry.configured]
    return [netconf.address_space] * len(cidrs), cidrs


def _pod(call: Call) -> PodIdentity:
    """Return the pod in the call's arguments; empty if they are unreadable, which must not fail a DEL."""
    try:
        arguments = parse_arguments(call.args)
    except RowhouseError:
        return PodIdentity()
    return PodIdentity(
        namespace=arguments.pod_namespace, name=arguments.pod_name, uid=arguments.pod_uid
    )


def _owner(call: Call, netconf: Netconf, arguments: Arguments) -> Owner:
    return Owner(
        cluster=call.cluster,
        namespace=arguments.pod_namespace,
        name=arguments.pod_name,
        interface=call.interface,
        uid=arguments.pod_uid,
        sticky=netconf.sticky,
        sticky_ttl=netconf.sticky_ttl,
        reuse_delay=netconf.reuse_delay,
    )


@contextlib.contextmanager
def _noting_refused_claim(owner: Owner, node: str, *, is_claim: bool) -> Iterator[None]:
    """Tell the controller if a claim is refused, for the claim's status and an event."""
    try:
        yield
    except (InvalidConfig, AddressTaken, AddressOutsideRanges) as error:
        if is_claim:
            notes: AllocationFailureQueue = current_app.extensions[_ALLOCATION_FAILURES]
            notes.claim_refused(owner, node, error)
        raise


def _sandbox(call: Call) -> Sandbox:
    return Sandbox(
        cluster=call.cluster,
        node=call.node,
        container_id=call.container_id,
        interface=call.interface,
        network_name=call.network_name,
    )


def _configurations() -> Configurations:
    found: Configurations = current_app.extensions[_CONFIGURATIONS]
    return found


def _pods() -> PodPlacement | None:
    pods: PodPlacement | None = current_app.extensions["rowhouse"].pods
    return pods


def _store() -> Database:
    store: Database = current_app.extensions["rowhouse"].store
    return store


def _settings() -> Any:
    return current_app.extensions["rowhouse"].settings
