"""What the pages show a team of the pools, addresses and pods that it shares with another namespace."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auth.teams.seed import FOREIGN, OTHER, OWN, RETURNED, TAKEN_OVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from auth.conftest import Service

HTML = {"Accept": "text/html"}


def cells(page: str) -> dict[str, tuple[str, str, str]]:
    """Of each address on the map: where its cell leads, its state and its label."""
    found = {}
    for attributes in re.findall(r"<a ([^>]*aria-label=[^>]*)></a>", page):
        of = dict(re.findall(r'([a-z-]+)="([^"]*)"', attributes))
        label = of["aria-label"]
        found[label.partition(":")[0]] = of.get("href", ""), of["class"], label
    return found


def test_the_map_shows_a_team_its_own_addresses_and_of_others_only_that_they_are_in_use(
    team: tuple[Service, str],
) -> None:
    service, token = team
    page = service.get("/pools/1", token, headers=HTML).text
    shown = cells(page)
    assert len(shown) == 256
    assert shown[OWN] == (f"/addresses/1/{OWN}", "pod", f"{OWN}: pod shop/web-0, on node1")
    assert shown[TAKEN_OVER][0] == f"/addresses/1/{TAKEN_OVER}"
    assert shown[FOREIGN] == ("", "in-use", f"{FOREIGN}: in use")
    assert shown[RETURNED] == ("", "free", f"{RETURNED}: free")
    assert shown["10.0.0.40"] == ("", "excluded", "10.0.0.40: excluded")
    assert shown["10.0.0.50"] == ("", "on-request", "10.0.0.50: on-request")
    assert shown["10.0.0.254"] == ("", "gateway", "10.0.0.254: gateway")
    assert "in use by others" in page


def test_the_map_shows_a_viewer_what_is_hidden_from_a_team(
    team: tuple[Service, str], make_token: Callable[..., str]
) -> None:
    """So that the test above cannot pass because nothing is there."""
    page = team[0].get("/pools/1", make_token("viewer"), headers=HTML).text
    shown = cells(page)
    assert f"{OTHER}-ns/{OTHER}-0" in shown[FOREIGN][2]
    assert shown["10.0.0.40"][2] == f"10.0.0.40: excluded of {OTHER}"
    assert shown["10.0.0.50"][2] == f"10.0.0.50: on-request of {OTHER}"
    assert shown["10.0.0.254"][2] == f"10.0.0.254: gateway of {OTHER}-nad"
    assert f"shared with {OTHER}" in page
    assert "in use by others" not in page


def test_a_team_sees_how_full_its_pool_is_and_may_ask_for_more(team: tuple[Service, str]) -> None:
    service, token = team
    page = service.get("/pools/1", token, headers=HTML).text
    used = re.search(r"<dt>Used</dt><dd><b>(\d+)</b>", page)
    assert used
    assert used[1] == "5"
    assert 'href="/requests/new?pool_id=1"' in page
    form = service.get("/requests/new?pool_id=1", token, headers=HTML).text
    assert re.search(r'value="1"[^>]* selected', form)


def test_a_page_that_a_team_must_not_know_of_is_not_found(team: tuple[Service, str]) -> None:
    service, token = team
    for foreign, missing in (
        (f"/addresses/1/{FOREIGN}", "/addresses/1/10.0.0.200"),
        ("/addresses/2/10.66.0.1", "/addresses/9/10.66.0.1"),
        (f"/pods/{OTHER}-ns/{OTHER}-0", f"/pods/{OTHER}-ns/nothing"),
        (f"/pods/-/{OTHER}-device", "/pods/-/nothing"),
        ("/pools/2", "/pools/9"),
        ("/live/pools/2", "/live/pools/9"),
    ):
        answers = [service.get(path, token, headers=HTML) for path in (foreign, missing)]
        assert [answer.status_code for answer in answers] == [404, 404], foreign
        bare = []
        for path, answer in zip((foreign, missing), answers, strict=True):
            text = answer.text.lower()
            for part in (path, path.rpartition("/")[2]):
                text = text.replace(part, "")
            bare.append(re.sub(r"\d", "", text))
        assert bare[0] == bare[1], foreign


def test_the_history_of_an_address_has_no_gaps_where_others_held_it(
    team: tuple[Service, str],
) -> None:
    service, token = team
    page = service.get(f"/addresses/1/{TAKEN_OVER}", token, headers=HTML).text
    assert page.count('<li class="stay') == 1
    assert "shop/web-9" in page
    assert "free for" not in page
    assert "Comments" not in page
