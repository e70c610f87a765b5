"""The limit of saved views holds when they are saved at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fixtures.crowds import at_once
from rowhouse.domain.administration import Actor
from rowhouse.domain.errors import InTheWay
from rowhouse.domain.saved_views import MAX_VIEWS, Viewer
from rowhouse.ipam import saved_views

if TYPE_CHECKING:
    from fixtures.pods import Pods

ADA = Actor(name="ada")


def test_a_caller_has_at_most_a_hundred_views_also_if_it_saves_them_at_once(crowd: Pods) -> None:
    viewer = Viewer(name="ada")

    def save(number: int) -> object:
        return saved_views.save(
            crowd.store,
            viewer,
            table="pods",
            name=f"view {number}",
            query="",
            is_shared=False,
            actor=ADA,
        )

    for number in range(MAX_VIEWS - 2):
        save(number)
    outcome = at_once(partial(save, 1000 + number) for number in range(8))
    refused = [one for one in outcome if isinstance(one, InTheWay)]
    assert len(refused) == 6
    assert {one.message for one in refused} == {'"ada" already has 100 saved views'}
    assert len(saved_views.views(crowd.store, viewer, limit=1000)) == MAX_VIEWS
    other = Viewer(name="bob")
    saved_views.save(
        crowd.store,
        other,
        table="pods",
        name="v",
        query="",
        is_shared=False,
        actor=Actor(name="bob"),
    )
