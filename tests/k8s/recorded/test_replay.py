"""Every exchange that was recorded from a real API server comes out the same of the fake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from k8s.recorded.exchanges import TOPICS, exchanges_of
from k8s.recorded.replaying import Replay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from k8s.recorded.refusals import Difference

# What is out of the fake's scope, each with its reason: it answers 501 then, and not something made up.
OUT_OF_SCOPE = {
    (topic, number): reason
    for topic, numbers, reason in (
        ("negotiation", (86, 105, 162), "objects in protobuf: no client here reads them"),
    )
    for number in numbers
}


@pytest.mark.parametrize("topic", TOPICS)
def test_the_fake_answers_as_the_real_one_did(topic: str) -> None:
    exchanges = exchanges_of(topic)
    replay = Replay(topic, exchanges)
    left = {number for one, number in OUT_OF_SCOPE if one == topic}
    different: dict[str, list[Difference]] = {}
    refused = set()
    for exchange, (what, said, told) in replay.differences():
        if exchange.number in left and what == "status" and told[0] == 501:
            refused.add(exchange.number)
            continue
        different.setdefault(str(exchange), []).append((what, said, told))
    assert not different, "\n".join(_shown(different))
    assert refused == left
    assert replay.replayed == len(exchanges)


def _shown(different: dict[str, list[Difference]]) -> Iterator[str]:
    for exchange, found in different.items():
        yield exchange
        for what, said, told in found:
            yield f"    {what}: {said!r}"
            yield f"      not {told!r}"


def test_all_of_the_recording_is_replayed() -> None:
    assert sum(len(exchanges_of(topic)) for topic in TOPICS) == 706
