"""What happened while a recorded watch was open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8s.recorded.state import found, kind_of, place, remove

if TYPE_CHECKING:
    from fixtures.apiserver import ApiServer
    from k8s.recorded.exchanges import Exchange

_FUTURE = 99_000_000
_CHANGES = {"ADDED", "MODIFIED", "DELETED"}


def ends_with_its_kind(exchange: Exchange) -> bool:
    """Whether the definition of what is watched is deleted meanwhile."""
    return exchange.name.startswith("watch of a kind whose CRD is deleted")


def happen_before(api: ApiServer, exchange: Exchange) -> None:
    """What the watch finds in the server's history; a watch of no version finds the present."""
    asked = int(exchange.query.get("resourceVersion") or 0)
    if ends_with_its_kind(exchange):
        place(api, _whole(api, exchange, exchange.events[0]["object"]), asked)
        api.storage.advance_to(asked)
        return
    if not asked:
        _clear(api, exchange)
    _happen(api, exchange, _parts(exchange)[0], asked)
    if asked < _FUTURE:
        api.storage.advance_to(asked)


def is_live(exchange: Exchange) -> bool:
    """Whether something has to happen while the watch is open."""
    return ends_with_its_kind(exchange) or bool(_parts(exchange)[1])


def happen_meanwhile(api: ApiServer, exchange: Exchange) -> None:
    """What happens once the watch is open: all that came after a bookmark in the middle."""
    if ends_with_its_kind(exchange):
        route = exchange.route
        api.remove_definition(f"{route.resource}.{route.group}")
    elif rest := _parts(exchange)[1]:
        api.watches.bookmark()
        with api.storage.changed:
            assert api.storage.changed.wait_for(lambda: api.watches.marked > 0, 30)
        _happen(api, exchange, rest, 0)


def _parts(exchange: Exchange) -> tuple[list[Any], list[Any]]:
    """The changes before the last change that follows a bookmark, and the rest."""
    types = [event["type"] for event in exchange.events]
    middle = len(types)
    if "BOOKMARK" in types and set(types[types.index("BOOKMARK") :]) & _CHANGES:
        middle = types.index("BOOKMARK")
    before, after = exchange.events[:middle], exchange.events[middle:]
    return (
        [one for one in before if one["type"] in _CHANGES],
        [one for one in after if one["type"] in _CHANGES],
    )


def _happen(api: ApiServer, exchange: Exchange, events: list[Any], asked: int) -> None:
    live = not asked and bool(exchange.query.get("resourceVersion", "0") != "0")
    seen: set[str] = set()
    for event in events:
        obj = _whole(api, exchange, event["object"])
        name, namespace = obj["metadata"]["name"], obj["metadata"].get("namespace", "")
        kind = kind_of(api, obj)
        if not asked and not live:
            place(api, obj)
            continue
        if name not in seen and not live:
            if event["type"] == "ADDED":
                remove(api, kind, namespace, name)
            else:
                place(api, obj, asked)
        seen.add(name)
        api.storage.advance_to(max(asked, int(obj["metadata"]["resourceVersion"]) - 1))
        if event["type"] == "DELETED":
            api.storage.delete(kind, namespace, name, last=obj)
        elif was := found(api, kind, namespace, name):
            api.storage.replace(kind, obj, was=was)
        else:
            api.storage.create(kind, obj)


def _clear(api: ApiServer, exchange: Exchange) -> None:
    """Only what the watch showed was there."""
    route = exchange.route
    kind = api.parts.kinds.find(route.group, route.version, route.resource)
    assert kind is not None
    for obj in list(api.storage.all(kind, route.namespace)):
        remove(api, kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def _whole(api: ApiServer, exchange: Exchange, shown: Any) -> Any:
    """The object of an event that may show something else of it."""
    route = exchange.route
    kind = api.parts.kinds.find(route.group, route.version, route.resource)
    assert kind is not None
    obj = shown["rows"][0]["object"] if shown["kind"] == "Table" else shown
    return {"spec": {}, **obj, "kind": kind.kind, "apiVersion": kind.api_version}
