"""A team's live pages, on the real server, beside the same pages of a viewer."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from auth.teams.seed import FOREIGN, OTHER, OWN, SECRETS, TAKEN_OVER, call
from auth.teams.test_routes import readable
from fixtures.live import Stream, looking

if TYPE_CHECKING:
    from collections.abc import Callable

    from auth.conftest import Service
    from fixtures.servers import Server


def parts_of(service: Service, token: str, page: str) -> set[str]:
    """The live parts of a page, as a team sees it."""
    text = service.get(page, token, headers={"Accept": "text/html"}).text
    tags = re.findall(r"<[^>]* data-part>", text)
    return {found[1] for tag in tags if (found := re.search(r' id="([^"]+)"', tag))}


def read(stream: Stream, wanted: set[str]) -> str:
    """What a stream sends, until all of these parts came."""
    texts: dict[str, str] = {}
    while not texts.keys() >= wanted:
        part = stream.next("part")
        texts[part["id"]] = part["html"]
    return "\n".join(texts.values())


def test_no_stream_that_a_team_may_open_has_anything_of_another_namespace(
    server: Server, shared: Service, team: tuple[Service, str], make_token: Callable[..., str]
) -> None:
    service, token = team
    viewer = make_token("viewer")
    urls = [path for endpoint, path in readable(service) if "/live/" in path]
    with contextlib.ExitStack() as stack:
        opened: dict[str, Stream] = {}
        for url in urls:
            # The viewer comes first, so that the hub has the page when the team asks for it.
            viewers = stack.enter_context(looking(server, url, token=viewer))
            assert viewers.status == 200, url
            stream = stack.enter_context(looking(server, url, token=token))
            assert stream.status in {200, 404}, url
            if stream.status == 200:
                opened[url] = stream
        assert {url.split("/")[2] for url in opened} == {url.split("/")[2] for url in urls}
        call(shared, "ADD", f"{OTHER}-ns", f"{OTHER}-2", "lan 10.0.0.0/24", node=f"{OTHER}-node")
        for url, stream in opened.items():
            parts = parts_of(service, token, url.removeprefix("/live"))
            assert parts or f"{OTHER}" in url or "/-/" in url, url
            text = read(stream, parts)
            for secret in SECRETS:
                assert secret not in text, (url, text)


def test_a_viewer_of_the_same_page_gets_the_other_namespace(
    server: Server, team: tuple[Service, str], make_token: Callable[..., str]
) -> None:
    url = f"/live/addresses/1/{TAKEN_OVER}"
    with (
        looking(server, url, token=team[1]) as teams,
        looking(server, url, token=make_token("viewer")) as viewers,
    ):
        assert f"{OTHER}-device" in viewers.next("part")["html"]
        text = teams.next("part")["html"]
    assert "shop/web-9" in text
    assert OTHER not in text


def test_the_page_of_an_address_ends_for_a_team_when_another_namespace_gets_it(
    server: Server, shared: Service, team: tuple[Service, str], make_token: Callable[..., str]
) -> None:
    url = f"/live/addresses/1/{OWN}"
    with (
        looking(server, url, token=team[1]) as teams,
        looking(server, url, token=make_token("viewer")) as viewers,
    ):
        teams.next("part")
        call(shared, "DEL", "shop", "web-0", "lan 10.0.0.0/24")
        call(shared, "ADD", f"{OTHER}-ns", f"{OTHER}-2", "lan 10.0.0.0/24", address=OWN)
        while f"{OTHER}-2" not in viewers.next("part")["html"]:
            pass
        rest = teams.rest()
    assert "event: gone" in rest
    assert OTHER not in rest


def test_a_stream_of_an_address_of_another_namespace_does_not_begin(
    server: Server, team: tuple[Service, str]
) -> None:
    for path in (f"/live/addresses/1/{FOREIGN}", "/live/addresses/7/10.0.0.1"):
        with looking(server, path, token=team[1]) as stream:
            assert stream.status == 404
