"""Every operation of the API: its path, the role it requires, its request and its response.

Routes, access control and the OpenAPI document are all generated from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rowhouse.api import (
    aliases,
    audit,
    comments,
    events,
    exclusions,
    explain,
    gateways,
    history,
    networks,
    nodes,
    pool_documents,
    pools,
    quotas,
    reports,
    requests,
    reservation_documents,
    reservations,
    search,
    views,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse.api.calls import Reply
    from rowhouse.api.fields import Answer, Request
    from rowhouse.auth.caller import LeastRole

BASE: Final = "/api/v1"
_POOL: Final = "/pools/<id:pool_id>"
_REQUEST: Final = "/requests/<id:address_request_id>"
_RESERVATION: Final = "/reservations/<id:network_id>/<address>"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path. `path` is a Flask rule below BASE.

    An operation with the role `team` limits what it reads and changes to `namespaces` of its call.
    `error_statuses` are the statuses with which it may refuse a well-formed request, in addition to those that
    every operation has. `tagged`: it supports ETag and If-Match. `is_personal`: it changes what belongs to the
    caller, so a viewer may call it too.
    """

    method: str
    path: str
    role: LeastRole
    view: Callable[..., Reply]
    query: type[Request] | None = None
    body: type[Request] | None = None
    answer: type[Answer] | None = None
    status: int = 200
    error_statuses: tuple[int, ...] = ()
    tagged: bool = False
    is_personal: bool = False

    @property
    def name(self) -> str:
        """Its name: the operationId and the endpoint."""
        return self.view.__name__

    @property
    def is_change(self) -> bool:
        """Whether it changes something, and so can be a dry run."""
        return self.method != "GET"

    @property
    def tag(self) -> str:
        """The resource."""
        return self.path.split("/")[1]


def _get(path: str, view: Callable[..., Reply], answer: type[Answer], **more: Any) -> Operation:
    more = {"role": "viewer", **more}
    return Operation(method="GET", path=path, view=view, answer=answer, **more)


def _post(
    path: str, view: Callable[..., Reply], body: type[Request], answer: type[Answer], **more: Any
) -> Operation:
    more = {"role": "operator", "status": 201, **more}
    return Operation(method="POST", path=path, view=view, body=body, answer=answer, **more)


def _patch(
    path: str, view: Callable[..., Reply], body: type[Request], answer: type[Answer], **more: Any
) -> Operation:
    more = {"role": "operator", **more}
    return Operation(method="PATCH", path=path, view=view, body=body, answer=answer, **more)


def _delete(path: str, view: Callable[..., Reply], role: LeastRole, **more: Any) -> Operation:
    return Operation(method="DELETE", path=path, role=role, view=view, status=204, **more)


OPERATIONS: Final = (
    _get("/networks", networks.list_networks, networks.NetworkPage, query=networks.NetworkQuery),
    _get(
        "/networks/<id:network_id>", networks.get_network, networks.Network, error_statuses=(404,)
    ),
    _delete(
        "/networks/<id:network_id>", networks.delete_network, "admin", error_statuses=(404, 409)
    ),
    _get(
        "/pools",
        pools.list_pools,
        pool_documents.PoolPage,
        query=pool_documents.PoolQuery,
        role="team",
    ),
    _post(
        "/pools",
        pools.create_pool,
        pool_documents.NewPool,
        pool_documents.Pool,
        error_statuses=(409,),
        tagged=True,
    ),
    _get(
        _POOL,
        pools.get_pool,
        pool_documents.Pool,
        role="team",
        error_statuses=(404,),
        tagged=True,
    ),
    _patch(
        _POOL,
        pools.change_pool,
        pool_documents.PoolChange,
        pool_documents.Pool,
        query=pool_documents.ChangeQuery,
        error_statuses=(404, 409),
        tagged=True,
    ),
    _delete(_POOL, pools.delete_pool, "admin", error_statuses=(404, 409), tagged=True),
    _get(
        f"{_POOL}/usage",
        pools.get_usage,
        pool_documents.Usage,
        role="team",
        error_statuses=(404,),
    ),
    _get(
        f"{_POOL}/free",
        pools.list_free,
        pool_documents.FreeRunPage,
        query=pool_documents.FreeRunQuery,
        role="team",
        error_statuses=(404,),
    ),
    _get(
        f"{_POOL}/fill",
        pools.get_fill,
        pool_documents.Fill,
        query=pool_documents.FillQuery,
        role="team",
        error_statuses=(404,),
    ),
    _get(
        "/aliases",
        aliases.list_aliases,
        aliases.AliasPage,
        query=aliases.AliasQuery,
        error_statuses=(404,),
    ),
    _get(
        "/reservations",
        reservations.list_reservations,
        reservation_documents.ReservationPage,
        query=reservation_documents.ReservationQuery,
        role="team",
        error_statuses=(404,),
    ),
    _post(
        "/reservations",
        reservations.reserve,
        reservation_documents.NewReservations,
        reservation_documents.Reserved,
        error_statuses=(404, 409),
    ),
    _get(
        _RESERVATION,
        reservations.get_reservation,
        reservation_documents.ReservationDetail,
        role="team",
        error_statuses=(404,),
    ),
    _delete(
        _RESERVATION,
        reservations.release,
        "operator",
        query=reservation_documents.ReleaseQuery,
        error_statuses=(404, 409),
    ),
    _patch(
        _RESERVATION,
        reservations.edit,
        reservation_documents.ReservationChange,
        reservation_documents.Reservation,
        error_statuses=(404, 409),
    ),
    _post(
        f"{_RESERVATION}/reassign",
        reservations.reassign,
        reservation_documents.Reassignment,
        reservation_documents.Reservation,
        status=200,
        error_statuses=(404, 409),
    ),
    _get(
        "/exclusions",
        exclusions.list_exclusions,
        exclusions.ExclusionPage,
        query=exclusions.ExclusionQuery,
    ),
    _post(
        "/exclusions",
        exclusions.create_exclusion,
        exclusions.NewExclusion,
        exclusions.Exclusion,
        error_statuses=(404, 409),
    ),
    _get(
        "/exclusions/<id:exclusion_id>",
        exclusions.get_exclusion,
        exclusions.Exclusion,
        error_statuses=(404,),
    ),
    _delete(
        "/exclusions/<id:exclusion_id>",
        exclusions.delete_exclusion,
        "operator",
        error_statuses=(404,),
    ),
    _get(
        "/gateways",
        gateways.list_gateways,
        gateways.GatewayPage,
        query=gateways.GatewayQuery,
        error_statuses=(404,),
    ),
    _get(
        "/gateways/<id:gateway_id>", gateways.get_gateway, gateways.Gateway, error_statuses=(404,)
    ),
    _delete(
        "/gateways/<id:gateway_id>", gateways.forget_gateway, "operator", error_statuses=(404, 409)
    ),
    _get(
        "/quotas",
        quotas.list_quotas,
        quotas.QuotaPage,
        query=quotas.QuotaQuery,
        role="team",
        error_statuses=(404,),
    ),
    _post(
        "/quotas",
        quotas.create_quota,
        quotas.NewQuota,
        quotas.Quota,
        role="admin",
        error_statuses=(404, 409),
    ),
    _get(
        "/quotas/<id:quota_id>",
        quotas.get_quota,
        quotas.Quota,
        role="team",
        error_statuses=(404,),
    ),
    _patch(
        "/quotas/<id:quota_id>",
        quotas.change_quota,
        quotas.QuotaChange,
        quotas.Quota,
        role="admin",
        error_statuses=(404,),
    ),
    _delete("/quotas/<id:quota_id>", quotas.delete_quota, "admin", error_statuses=(404,)),
    _get(
        "/requests",
        requests.list_requests,
        requests.RequestPage,
        query=requests.RequestQuery,
        role="team",
        error_statuses=(404,),
    ),
    _post(
        "/requests",
        requests.request_addresses,
        requests.NewRequest,
        requests.AddressRequest,
        role="team",
        error_statuses=(404, 409),
    ),
    _get(
        _REQUEST,
        requests.get_request,
        requests.AddressRequest,
        role="team",
        error_statuses=(404,),
    ),
    Operation(
        method="POST",
        path=f"{_REQUEST}/approve",
        role="operator",
        view=requests.approve_request,
        query=requests.ApprovalQuery,
        answer=requests.AddressRequest,
        error_statuses=(404, 409),
    ),
    _post(
        f"{_REQUEST}/decline",
        requests.decline_request,
        requests.Refusal,
        requests.AddressRequest,
        status=200,
        error_statuses=(404, 409),
    ),
    _post(
        f"{_REQUEST}/withdraw",
        requests.withdraw_request,
        requests.Withdrawal,
        requests.AddressRequest,
        role="team",
        status=200,
        error_statuses=(404, 409),
    ),
    _get(
        "/comments",
        comments.list_comments,
        comments.CommentPage,
        query=comments.CommentQuery,
        error_statuses=(404,),
    ),
    _post(
        "/comments",
        comments.write_comment,
        comments.NewComment,
        comments.Comment,
        error_statuses=(404,),
    ),
    _get(
        "/comments/<id:comment_id>", comments.get_comment, comments.Comment, error_statuses=(404,)
    ),
    _delete(
        "/comments/<id:comment_id>", comments.remove_comment, "operator", error_statuses=(404,)
    ),
    _get("/views", views.list_views, views.ViewPage, query=views.ViewQuery, role="team"),
    _post(
        "/views",
        views.save_view,
        views.NewView,
        views.View,
        role="team",
        is_personal=True,
        error_statuses=(409,),
    ),
    _get("/views/<id:view_id>", views.get_view, views.View, role="team", error_statuses=(404,)),
    _patch(
        "/views/<id:view_id>",
        views.change_view,
        views.ViewChange,
        views.View,
        role="team",
        is_personal=True,
        error_statuses=(404, 409),
    ),
    _delete(
        "/views/<id:view_id>",
        views.delete_view,
        "team",
        is_personal=True,
        error_statuses=(404,),
    ),
    _get("/nodes", nodes.list_nodes, nodes.NodePage, query=nodes.NodeQuery),
    _get(
        "/reports/utilization",
        reports.get_utilization,
        reports.UtilizationReport,
        query=reports.UtilizationQuery,
        role="team",
    ),
    _get(
        "/history",
        history.list_history,
        history.History,
        query=history.HistoryQuery,
        role="team",
    ),
    _get(
        "/events",
        events.list_events,
        events.EventPage,
        query=events.EventQuery,
        role="team",
        error_statuses=(404,),
    ),
    _get("/audit", audit.list_audit, audit.AuditLog, query=audit.AuditQuery),
    _get("/search", search.search, search.SearchResults, query=search.SearchQuery, role="team"),
    _get("/explain", explain.explain, explain.Explanation, query=explain.ExplainQuery),
)
