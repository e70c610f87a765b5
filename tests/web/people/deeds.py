"""What people do on the pages, and others meanwhile by other ways."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from rowhouse.domain.administration import Actor, Holder, ReservationPlan
from rowhouse.ipam import reservations
from web.people.person import hidden_fields

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from rowhouse.store.connection.database import Database as Store
    from web.people.person import Person

SOMEBODY = Actor(name="somebody")


def hold(store: Store, pool: Any, name: str, address: str | None = None) -> str:
    """Reserve an address in another user's name."""
    plan = ReservationPlan(
        pool_id=pool.id,
        holder=Holder(kind="static", name=name),
        addresses=None if address is None else (address,),
    )
    (made,) = reservations.reserve(store, plan, SOMEBODY)
    return str(made.address)


def carry_out(person: Person, path: str, form: dict[str, str]) -> TestResponse:
    """Fill in the form, read the preview, confirm, and go on to what was done."""
    preview = person.send(path, form)
    assert preview.status_code == 200, preview.text
    assert 'name="confirmed"' in preview.text
    done = person.post(path, {**hidden_fields(preview), "confirmed": "1"})
    assert done.status_code == 303, done.text
    return person.get(done.headers["Location"])


def text_of(answer: TestResponse) -> str:
    """A page's words."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())
