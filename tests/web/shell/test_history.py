"""The log in words: every action the code writes down has a title, and what it is about has a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import translation

from hutong.flows.site_pages import SitePage
from hutong.kernel import audit
from hutong.town.catalog.types import OfferEvent
from hutong.town.contents import services as contents
from hutong.town.contents.types import Audience, RevisionState
from hutong.town.merchants.types import MerchantState, Role
from hutong.web.shell.history import ACTIONS, history
from tests.factories import joining, merchants, people

HOUSE = Path(__file__).parents[3] / "hutong"
AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
# What stands in the code is the action itself, or a name behind a dot that an enumeration gives.
WRITTEN = re.compile(r"""(?:action=|_record\(\s*|_audit\(\s*|_ACTION = |_CHANGED = )"([a-z]+\.[a-z_]+)\"""")
MADE_UP = {
    "content": {RevisionState.PUBLISHED.value, RevisionState.REJECTED.value, "proposed"},
    "merchant": {state.value for state in MerchantState if state is not MerchantState.APPLIED},
    "offer": {event.value for event in OfferEvent}
    | {f"sketch_{what}" for what in ("begun", "saved", "handed_in", "deleted", "restored")},
}


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """Whatever language a test before left behind."""
    with translation.override("en"):
        yield


def test_every_action_that_the_code_writes_down_has_words() -> None:
    sources = [path.read_text(encoding="utf-8") for path in HOUSE.rglob("*.py")]
    written = {action for source in sources for action in WRITTEN.findall(source)}
    made_up = {f"{area}.{name}" for area, names in MADE_UP.items() for name in names}
    assert len(written) > 40
    assert {"store.hours_changed", "person.erased", "invitation.made"} <= written
    assert (written | made_up) - set(ACTIONS) == set()


@pytest.mark.django_db
def test_what_an_entry_is_about_has_a_name() -> None:
    operator = people.operator()
    store = merchants.store(name="Kulma")
    owner = people.person(name="Olga")
    claim = joining.submit(store, owner, at=AT)
    assert store.merchant is not None
    cashier = merchants.staff(merchant=store.merchant, person=people.person(name="Kalle"), role=Role.CASHIER)
    notice = contents.announce(
        texts={"en": "Closed on Monday"},
        audience=Audience.ALL,
        urgent=False,
        starts_at=AT,
        ends_at=datetime(2026, 6, 2, tzinfo=UTC),
        by=operator,
        at=AT,
    )
    subjects = {
        claim: "Kulma",
        store.public_id: "Kulma",
        notice: "Closed on Monday",
        cashier.person.public_id: "Kalle",
        f"page:{SitePage.TERMS}": "Terms of use",
        "inv_unknown": "",
    }
    for subject in subjects:
        audit.record(action="test.happened", subject=subject, by=operator.public_id, at=AT)
    entries = audit.search(action="test.happened").entries
    told = {line.subject_ref: line.subject for line in history(entries, zone="", unit="", for_merchant=False)}
    assert told == subjects


@pytest.mark.django_db
def test_an_announcement_is_told_in_words() -> None:
    operator = people.operator()
    contents.announce(
        texts={"en": "Closed on Monday"},
        audience=Audience.SHOPS,
        urgent=False,
        starts_at=AT,
        ends_at=datetime(2026, 6, 2, tzinfo=UTC),
        by=operator,
        at=AT,
    )
    entries = audit.search(action="announcement.made").entries
    (line,) = history(entries, zone="Europe/Helsinki", unit="EUR", for_merchant=False)
    assert line.title == "Announcement made"
    assert {each.label: each.after for each in line.changes} == {
        "For": "Shops and operators",
        "Shown from": "1 Jun 2026, 12:00",
        "Shown until": "2 Jun 2026, 03:00",
        "Words (English)": "Closed on Monday",
    }


@pytest.mark.django_db
def test_values_that_are_public_ids_are_told_by_name() -> None:
    store, operator = merchants.store(name="Kulma"), people.operator()
    other = merchants.merchant(name="Toinen Oy")
    assert store.merchant is not None
    audit.record(
        action="store.moved",
        subject=store.public_id,
        by=operator.public_id,
        at=AT,
        before={"merchant": store.merchant.public_id, "stores": [store.public_id]},
        after={"merchant": other.public_id, "stores": ["sto_unknown"]},
    )
    (line,) = history(audit.search(action="store.moved").entries, zone="", unit="", for_merchant=False)
    told = {each.label: (each.before, each.after) for each in line.changes}
    assert told["Merchant"] == (store.merchant.names["name"], "Toinen Oy")
    assert told["Stores"] == ("Kulma", "sto_unknown")
