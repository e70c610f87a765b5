from __future__ import annotations

import pytest

from rowhouse.web.layout.words import sentence


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("there is no pool 7", "There is no pool 7."),
        ("Try again in 3 s.", "Try again in 3 s."),
        (
            "ask for one: `rowhouse token create`",
            "Ask for one: <code>rowhouse token create</code>.",
        ),
        ("<b> & `<i>`", "&lt;b&gt; &amp; <code>&lt;i&gt;</code>."),
        ("a ` alone", "A ` alone."),
        ("read-only, for now", "Read-only, for now."),
        ("it", "It."),
        ("shop/web-0 holds no address", "shop/web-0 holds no address."),
        ("web-0 holds no address", "web-0 holds no address."),
        ("fd00::1 is not in the pool", "fd00::1 is not in the pool."),
        ("rack=7 is given twice", "rack=7 is given twice."),
    ],
)
def test_a_message_is_read_as_a_sentence_and_never_as_html(text: str, html: str) -> None:
    assert str(sentence(text)) == html
