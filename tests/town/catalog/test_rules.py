"""The rules of offers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hutong.kernel.money import Money
from hutong.town.catalog import rules
from hutong.town.catalog.types import (
    Include,
    OfferDraft,
    OfferEvent,
    OfferKind,
    OfferState,
    OfferStoreView,
    OfferView,
)

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
STORE = OfferStoreView(
    store_id=1,
    ref="sto_1",
    names={"name": "Kahvila"},
    lon=24.94,
    lat=60.17,
    address="",
    city="",
    phone="",
    opening_hours="",
    region_id=1,
    region_slug="helsinki",
    zone="Europe/Helsinki",
    open=True,
)
OFFER = OfferView(
    offer_id=1,
    ref="off_1",
    merchant_id=1,
    merchant_ref="mer_1",
    merchant_names={"name": "Kahvila Oy"},
    merchant_approved=True,
    kind=OfferKind.VOUCHER,
    state=OfferState.LIVE,
    titles={"en": "Coffee"},
    descriptions={},
    list_price=Money(3400, "EUR"),
    price=Money(1990, "EUR"),
    includes=(),
    emoji="2615",
    hue=30,
    tags=(),
    starts_at=NOON,
    ends_at=NOON + HOUR,
    per_person_limit=None,
    sample=False,
    created_at=NOON,
    submitted_at=NOON,
    stores=(STORE,),
)
DRAFT = OfferDraft(
    titles={"en": "Coffee"},
    descriptions={},
    list_price=Money(3400, "EUR"),
    price=Money(1990, "EUR"),
    starts_at=NOON,
)


def test_every_move_is_in_the_table_and_no_other() -> None:
    moves = {
        (state.value, event.value, after.value) for (state, event), after in rules.OFFER_TRANSITIONS.items()
    }
    assert moves == {
        ("draft", "submit", "submitted"),
        ("rejected", "submit", "submitted"),
        ("submitted", "approve", "live"),
        ("submitted", "reject", "rejected"),
        ("submitted", "withdraw", "draft"),
        ("live", "end", "ended"),
        ("paused", "end", "ended"),
        ("ended", "resume", "live"),
        ("ended", "pause", "paused"),
        ("live", "pause", "paused"),
        ("paused", "resume", "live"),
        ("live", "reject", "rejected"),
        ("paused", "reject", "rejected"),
    }
    assert rules.next_state(OfferState.DRAFT, OfferEvent.APPROVE) is None


def test_an_offer_may_be_bought_in_its_time_and_not_at_its_end() -> None:
    assert rules.may_be_bought(OFFER, NOON)
    assert rules.may_be_bought(OFFER, NOON + HOUR - timedelta(microseconds=1))
    assert not rules.may_be_bought(OFFER, NOON + HOUR)
    assert not rules.may_be_bought(OFFER, NOON - timedelta(microseconds=1))
    assert rules.may_be_bought(replace(OFFER, ends_at=None), NOON + 10_000 * HOUR)


@pytest.mark.parametrize("state", [state for state in OfferState if state is not OfferState.LIVE])
def test_only_a_live_offer_may_be_bought(state: OfferState) -> None:
    assert not rules.may_be_bought(replace(OFFER, state=state), NOON)


def test_an_offer_needs_an_approved_merchant_and_an_open_store() -> None:
    assert not rules.may_be_bought(replace(OFFER, merchant_approved=False), NOON)
    assert not rules.may_be_bought(replace(OFFER, stores=(replace(STORE, open=False),)), NOON)
    assert rules.may_be_bought(replace(OFFER, stores=(replace(STORE, open=False), STORE)), NOON)
    assert not rules.may_be_bought(replace(OFFER, stores=()), NOON)


def test_the_discount_is_never_overstated() -> None:
    assert OFFER.discount_percent == 41  # 41.47 %
    assert replace(OFFER, price=Money(3399, "EUR")).discount_percent == 0
    assert OFFER.saving == Money(1410, "EUR")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"titles": {}}, "title_missing"),
        ({"titles": {"en": "  "}}, "title_missing"),
        ({"titles": {"en": "x" * 121}}, "title_long"),
        ({"descriptions": {"en": "x" * 2001}}, "description_long"),
        ({"price": Money(1990, "USD")}, "unit_mixed"),
        ({"price": Money(0, "EUR")}, "price_out_of_range"),
        ({"price": Money(3401, "EUR")}, "price_out_of_range"),
        ({"ends_at": NOON}, "ends_before_start"),
        ({"includes": (Include(names={"en": "Cup"}, quantity=0, value=None),)}, "includes_wrong"),
        (
            {"includes": (Include(names={"en": "Cup"}, quantity=1, value=Money(1, "USD")),)},
            "includes_unit_mixed",
        ),
        ({"tags": ("made_up",)}, "tag_unknown"),
        ({"per_person_limit": 0}, "limit_wrong"),
        ({"hue": 360}, "hue_wrong"),
    ],
)
def test_what_is_wrong_with_a_draft_is_named(change: dict[str, object], fault: str) -> None:
    assert rules.faults(DRAFT) == []
    assert rules.faults(replace(DRAFT, **change)) == [fault]  # type: ignore[arg-type]
