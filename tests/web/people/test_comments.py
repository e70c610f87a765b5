"""Comments on the pages of addresses and pools, as browsers without scripts write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rowhouse.domain.administration import Actor
from rowhouse.ipam import comments
from web.people.deeds import carry_out, text_of
from web.people.person import hidden_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse.store.connection.database import Database as Store
    from web.people.person import Person


@pytest.mark.parametrize("page", ["/pools/1", "/addresses/1/10.0.0.4"])
def test_an_operator_comments_and_removes_the_comment(
    ada: Person,
    pool: Any,
    log_in: Callable[[str], Person],
    page: str,
) -> None:
    assert pool.id == 1
    assert "No comments yet." in text_of(ada.get(page))
    carry_out(ada, f"{page}/comment", {"text": "ask Bob first"})
    viewer = log_in("viewer").get(page)
    assert "ask Bob first" in text_of(viewer)
    assert "/comments/1/remove" not in viewer.text
    assert "/comment" not in viewer.text.replace("/comments/", "")
    shown = ada.get(page)
    assert "ada-operator" in shown.text
    assert "/comments/1/remove" in shown.text
    preview = ada.get("/comments/1/remove")
    ada.post("/comments/1/remove", {**hidden_fields(preview), "confirmed": "1"})
    assert "ask Bob first" not in ada.get(page).text


def test_a_comment_is_text(ada: Person, pool: Any, store: Store) -> None:
    comments.write(store, "<script>alert(1)</script>", Actor(name="<i>x</i>"), pool_id=pool.id)
    page = ada.get(f"/pools/{pool.id}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<i>x</i>" not in page
    assert "<script>alert(1)" not in page


def test_only_the_author_and_administrators_are_offered_to_remove_a_comment(
    ada: Person, pool: Any, store: Store, log_in: Callable[[str], Person]
) -> None:
    comments.write(store, "theirs", Actor(name="grace"), pool_id=pool.id)
    page = f"/pools/{pool.id}"
    assert "/comments/1/remove" not in ada.get(page).text
    assert "/comments/1/remove" in log_in("admin").get(page).text
    preview = ada.get("/comments/1/remove")
    refused = ada.post("/comments/1/remove", {**hidden_fields(preview), "confirmed": "1"})
    assert refused.status_code == 403
    assert "theirs" in ada.get(page).text


def test_an_empty_comment_and_one_on_nothing_are_refused(ada: Person, pool: Any) -> None:
    assert "It must not be empty" in ada.send(f"/pools/{pool.id}/comment", {"text": " "}).text
    assert ada.get("/addresses/9/10.0.0.4/comment").status_code == 404
    assert ada.get("/pools/9/comment").status_code == 404
