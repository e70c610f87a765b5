"""Reports: how many addresses each namespace, cluster, node, network, pool or label held over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from rowhouse.api.calls import Reply
from rowhouse.api.fields import Answer, Moment, NetworkName, Request
from rowhouse.domain.limits import MAX_NAME
from rowhouse.domain.names import LABEL_KEY
from rowhouse.domain.periods import period
from rowhouse.domain.reports import By  # noqa: TC001 - pydantic reads it
from rowhouse.ipam import utilization

if TYPE_CHECKING:
    from rowhouse.api.calls import Call


class UtilizationQuery(Request):
    """What the addresses are grouped by, and the period."""

    by: Annotated[By, Field(description="label: a label of the addresses' pools")] = "namespace"
    label: Annotated[
        str,
        Field(
            description="The key of the label, with by=label",
            max_length=MAX_NAME,
            pattern=LABEL_KEY,
        ),
    ] = ""
    network: NetworkName | None = None
    since: Annotated[Moment | None, Field(description="Default: 7 days before `until`")] = None
    until: Annotated[Moment | None, Field(description="Default: now")] = None
    steps: Annotated[
        int, Field(ge=1, le=400, description="Equal parts of the period; their ends are `moments`")
    ] = 28


class GroupUtilization(Answer):
    """The addresses that one group held over the period."""

    id: Annotated[int | None, Field(description="Of a network or pool; null: other groups")]
    name: Annotated[str, Field(description="Empty: without a namespace, cluster, node or label")]
    network: Annotated[str | None, Field(description="Of a pool; null: not grouped by pool")]
    used: Annotated[list[int], Field(description="Addresses held at each of `moments`")]
    average: Annotated[float, Field(description="Addresses held, over the whole period")]
    most: Annotated[int, Field(description="The highest of `used`")]
    begun: Annotated[int, Field(description="Tenures that began in the period")]
    ended: Annotated[int, Field(description="Tenures that ended in the period")]
    limit: Annotated[
        int | None,
        Field(
            description="Addresses that its pools may assign now, or a namespace's quota over all pools; null: none. A"
            " team sees quotas only"
        ),
    ]
    percent: Annotated[float | None, Field(description="The last of `used`, of `limit`")]
    full_at: Annotated[
        Moment | None,
        Field(
            description="Forecast: when `limit` is reached at the period's rate; null: not within 90 days, no clear "
            "trend, or the period does not end now"
        ),
    ]


class UtilizationReport(Answer):
    """The groups that held addresses in the period, the largest at its end first."""

    by: By
    label: str
    moments: list[Moment]
    groups: list[GroupUtilization]


def get_utilization(call: Call, query: UtilizationQuery) -> Reply:
    """Show how many addresses each namespace, cluster, node, network, pool or label held over time."""
    span = period(query.since, query.until, default=utilization.DEFAULT_PERIOD, steps=query.steps)
    found = utilization.report(
        call.store,
        query.by,
        span,
        label=query.label,
        network=query.network,
        namespaces=call.namespaces,
    )
    return Reply(document=UtilizationReport.model_validate(found))
