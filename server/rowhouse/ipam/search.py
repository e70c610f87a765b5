"""Search everything for a text: exact matches first, present before past."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, summarize_address_range
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from rowhouse.domain.errors import TryAgain
from rowhouse.domain.search_text import question
from rowhouse.store.allocation import reservations
from rowhouse.store.inventory import lookup, lookup_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from rowhouse.domain.search_text import Question
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

    Part = Callable[[Database, Question, int], Iterator["Found"]]

Kind = Literal[
    "address", "pool", "network", "owner", "namespace", "node", "sandbox", "exclusion", "change"
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
MAX_OF_A_KIND: Final = 50
_LEAST_PART: Final = 2
"""Characters: a shorter text is in nearly every description."""
_WHOLE_CONTAINER_ID: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A search result: the text that names it, and the field `matched` with its `text`, in which the match is.

    `is_exact`: the whole field matches. `is_current`: it holds, or is held, now. Fields that a kind does not have are
    None. `count` is the number of addresses of an owner, or of interfaces on a node.
    """

    kind: Kind
    label: str
    matched: str
    text: str
    is_exact: bool = False
    is_current: bool = True
    network_id: int | None = None
    network: str | None = None
    isolated: str | None = None
    address: str | None = None
    pool_id: int | None = None
    namespace: str | None = None
    name: str | None = None
    cluster: str | None = None
    node: str | None = None
    interface: str | None = None
    count: int | None = None
    held_until: datetime | None = None
    at: datetime | None = None
    actor: str | None = None


@dataclass(slots=True)
class Answer:
    """All results, by kind. `incomplete` names kinds that took too long to search."""

    results: list[Found] = field(default_factory=list)
    incomplete: list[Kind] = field(default_factory=list)

    def ranked(self) -> list[Found]:
        """Return the results in one list: exact ones first, then present ones, then past ones."""
        return sorted(
            self.results,
            key=lambda one: (not one.is_exact, not one.is_current, KINDS.index(one.kind)),
        )


def search(store: Database, text: str, *, limit: int = MAX_OF_A_KIND) -> Answer:
    """Search for a text, with at most `limit` results of each kind. Raises TryAgain."""
    asked = question(text)
    answer = Answer()
    if not asked.text:
        return answer
    seen: set[tuple[Any, ...]] = set()
    named: set[tuple[str | None, str | None]] = set()
    refused: TryAgain | None = None
    for kind, part in _parts(asked):
        try:
            for one in part(store, asked, limit):
                key = (kind, one.label, one.network_id, one.cluster, one.at)
                # A past change of what was found already says nothing new.
                if key in seen or (kind == "change" and (one.name, one.network) in named):
                    continue
                seen.add(key)
                named.add((one.label, one.network))
                answer.results.append(one)
        except TryAgain as error:
            refused = error
            answer.incomplete.append(kind)
    if refused is not None and not answer.results:
        raise refused
    return answer


def _parts(asked: Question) -> Sequence[tuple[Kind, Part]]:
    if asked.address is not None or asked.prefix is not None:
        return [("address", _addresses), ("pool", _pools_at)]
    parts: list[tuple[Kind, Part]] = []
    if asked.mac is not None:
        parts.append(("address", of_mac))
    if asked.spans:
        parts += [("address", _addresses), ("pool", _pools_at)]
    parts.append(("owner", owners))
    if asked.namespace is None and len(asked.text) >= _LEAST_PART:
        parts += [("pool", _pools), ("network", _networks), ("namespace", _namespaces)]
        parts.append(("node", _nodes))
    if asked.container_id is not None:
        parts.append(("sandbox", _sandboxes))
    if len(asked.text) >= _LEAST_PART and not asked.spans:
        parts += [("address", _described), ("exclusion", _exclusions), ("change", _changes)]
    return parts


def _addresses(store: Database, asked: Question, limit: int) -> Iterator[Found]:
    spans = asked.spans
    held = lookup_text.held(store, spans, limit=limit)
    once = lookup_text.once_held(store, spans, limit=limit) if len(held) < limit else []
    known = {(row.network_id, row.address) for row in held}
    past = [row for row in once if (row.network_id, row.address) not in known]
    if asked.address is not None:
        yield from _exactly(store, asked, [*held, *past])
    matched = "prefix" if asked.prefix else "address"
    for row in held:
        yield _address(row, matched, row.address)
    for row in past:
        yield _address(row, matched, row.address, is_current=False)


def _exactly(store: Database, asked: Question, known: Sequence[Record]) -> Iterator[Found]:
    """Return the address itself, in each network that knows it: it may be free."""
    found = {row.network_id: row for row in known if row.address == asked.address}
    for network in lookup.networks_of(store, asked.address or ""):
        row = found.get(network.id)
        if row is not None:
            current = "held_until" not in row._fields
            yield _address(row, "address", row.address, is_exact=True, is_current=current)
        else:
            yield Found(
                kind="address",
                label=asked.address or "",
                matched="address",
                text=asked.address or "",
                is_exact=True,
                address=asked.address,
                network_id=network.id,
                network=network.name,
                isolated=network.isolated,
            )


def _address(row: Record, matched: str, text: str, **more: Any) -> Found:
    return Found(
        kind="address",
        label=row.address,
        matched=matched,
        text=text,
        address=row.address,
        network_id=row.network_id,
        network=row.network,
        isolated=row.isolated,
        namespace=row.namespace,
        name=row.name,
        node=row.node or None,
        held_until=getattr(row, "held_until", None),
        **more,
    )


def of_mac(
    store: Database, asked: Question, limit: int, *, namespaces: tuple[str, ...] | None = None
) -> Iterator[Found]:
    """Yield the addresses of these namespaces (None: of all) whose sandboxes requested a MAC address."""
    wanted = reservations.Search(mac=asked.mac, namespaces=namespaces)
    for row in reservations.search(store, wanted, after=None, limit=limit):
        yield Found(
            kind="address",
            label=row.address,
            matched="MAC address",
            text=asked.mac or "",
            is_exact=True,
            address=row.address,
            network_id=row.network_id,
            network=row.network,
            namespace=row.namespace,
            name=row.name,
            node=row.node or None,
        )


def _pools_at(store: Database, asked: Question, limit: int) -> Iterator[Found]:
    if (prefix := asked.prefix) is None:
        # The first span is that of the whole groups, such as 10.20.0.0/16.
        if not asked.spans:
            return
        first, last = (ip_address(end) for end in asked.spans[0])
        prefix = str(next(iter(summarize_address_range(first, last))))
        if asked.address is not None:
            return
    for pool in lookup.pools_at(store, prefix)[:limit]:
        yield _pool(pool, "prefix", pool.cidr, is_exact=pool.cidr == asked.prefix)


def _pools(store: Database, asked: Question, limit: int) -> Iterator[Found]:
    part = asked.text.lower()
    for pool in lookup_text.pools(store, asked.text, limit=limit):
        labels = [f"{key}={value}" for key, value in sorted(pool.labels.items())]
        matching = [label for label in labels if part in label.lower()]
        if part in (pool.name or "").lower():
            yield _pool(pool, "name", pool.name, is_exact=pool.name == asked.text)
        elif pool.cidr.startswith(part):
            yield _pool(pool, "prefix", pool.cidr)
        elif known := [alias for alias in pool.aliases if part in alias.lower()]:
            yield _pool(pool, "alias", known[0], is_exact=asked.text in known)
        elif matching:
            yield _pool(pool, "label", matching[0], is_exact=asked.text in matching)
        else:
            yield _pool(pool, "description", pool.description)


def _pool(pool: Record, matched: str, text: str, **more: Any) -> Found:
    return Found(
        kind="pool",
        label=pool.cidr,
        matched=matched,
        text=text,
        pool_id=pool.id,
        name=pool.name,
        network_id=pool.network_id,
        network=pool.network_name,
        **more,
    )


def _networks(store: Database, asked: Question, limit: int) -> Iterator[Found]:
    for row in lookup_text.networks(store, asked.text, limit=limit):
        yield Found(
            kind="network",
            label=row.name,
            matched="name",
            text=row.name,
            is_exact=row.name == asked.text,
            network_id=row.id,
            network=row.name,
            isolated=row.isolated,
        )


def owners(store: Database, asked: Question, limit: int) -> Iterator[Found]:
    """Yield the present and past owners of the namespace of a question, or of any, whose name begins with its name."""
    if asked.name is None:
        return
    for row in lookup_text.owners(store, asked.namespace, asked.name, limit=limit):
        label = f"{row.namespace}/{row.name}" if row.namespace else row.name
        yield Found(
            kind="owner",
            label=label,
            matched="name",
            text=label,
            is_exact=row.name == asked.name,
            is_current=row.holds,
            namespace=row.namespace,
            name=row.name,
            network_id=row.network_id,
            address=row.address,
            node=row.node or None,
            count=row.addresses,
            held_until=row.held_until,
        )


def _namespaces(store: Database, asked: Question, limit: int) -> Iterator[Found]:
    for row in lookup_text.namespaces(store, asked.name or asked.text, limit=limit):
        yield Found(
            kind="namespace",
            label=row.namespace,
            matched="name",
            text=row.namespace,
            is_exact=row.namespace == asked.name,
            is_current=row.holds,
            namespace=row.namespace,
        )


def _nodes(store: Database, asked: Question, limit: int) -> Iterator[Found]:
    wanted = asked.name or asked.text
    for row in lookup_text.nodes(store, wanted, limit=limit):
        yield Found(
            kind="node",
            label=row.node,
            matched="name",
            text=row.node,
            is_exact=row.node.lower() == wanted.lower(),
            cluster=row.cluster,
            node=row.node,
            count=row.attachments,
        )


def _sandboxes(store: Database, asked: Question, limit: int) -> Iterator[Found]:
    container_id = asked.container_id or ""
    for row in lookup.containers(store, container_id)[:limit]:
        yield _sandbox(row, row.owner_namespace, row.owner_name, interface=row.interface)
    if len(container_id) == _WHOLE_CONTAINER_ID:
        for row in lookup.past_containers(store, container_id)[:limit]:
            yield _sandbox(
                row,
                row.owner_namespace,
                row.owner_name,
                interface=row.owner_interface,
                is_current=False,
                held_until=row.during.upper,
            )


def _sandbox(row: Record, namespace: str, name: str, **more: Any) -> Found:
    return Found(
        kind="sandbox",
        label=f"{row.container_id[:16]} {more['interface']} {row.address}",
        matched="container id",
        text=row.container_id,
        address=row.address,
        network_id=row.network_id,
        namespace=namespace,
        name=name,
        node=row.node or None,
        **more,
    )


def _described(store: Database, asked: Question, limit: int) -> Iterator[Found]:
    for row in lookup_text.described(store, asked.text, limit=limit):
        exact = row.description.lower() == asked.text.lower()
        yield _address(row, "description", row.description, is_exact=exact)


def _exclusions(store: Database, asked: Question, limit: int) -> Iterator[Found]:
    for row in lookup_text.exclusions(store, asked.text, limit=limit):
        yield Found(
            kind="exclusion",
            label=row.first if row.first == row.last else f"{row.first}-{row.last}",
            matched="reason",
            text=row.reason,
            is_exact=row.reason.lower() == asked.text.lower(),
            address=row.first,
            network_id=row.network_id,
            network=row.network,
        )


def _changes(store: Database, asked: Question, limit: int) -> Iterator[Found]:
    for row in lookup_text.changes(store, asked.text, limit=limit):
        key = row.object_key or {}
        yield Found(
            kind="change",
            label=f"{row.action} {row.object}",
            matched="description",
            text=row.description,
            is_current=False,
            address=key.get("address"),
            network_id=key.get("network_id"),
            network=row.network,
            name=row.object,
            at=row.at,
            actor=row.actor,
        )
