"""A decision taken back within minutes, facts put right, and merchants that may be the same one."""

from datetime import datetime, timedelta

import pytest

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden
from hutong.town.merchants import queries, services
from hutong.town.merchants.models import Merchant, Store
from hutong.town.merchants.types import MerchantState
from tests.factories import merchants, people

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def state_of(merchant: Merchant) -> tuple[str, datetime | None, str]:
    found = queries.merchant_by_ref(merchant.public_id)
    assert found is not None
    return found.state.value, found.decided_at, found.decision_reason


def test_an_approval_is_taken_back_and_the_merchant_waits_again(at: datetime) -> None:
    merchant = merchants.merchant(approved=True, at=at)
    back = services.take_back_decision(
        merchant_ref=merchant.public_id, by=people.operator(), at=at + 5 * MINUTE
    )
    assert back is MerchantState.APPLIED
    assert state_of(merchant) == ("applied", None, "")
    assert [each.ref for each in queries.pending_merchants()] == [merchant.public_id]
    newest = audit.search(subject=merchant.public_id).entries[0]
    assert (newest.action, newest.changes) == (
        "merchant.decision_taken_back",
        {"state": ["approved", "applied"]},
    )


def test_after_five_minutes_a_decision_stays(at: datetime) -> None:
    merchant = merchants.merchant(approved=True, at=at)
    with pytest.raises(services.TooLateToTakeBack):
        services.take_back_decision(
            merchant_ref=merchant.public_id, by=people.operator(), at=at + 5 * MINUTE + timedelta(seconds=1)
        )
    assert state_of(merchant)[0] == "approved"


def test_what_was_taken_back_is_not_taken_back_again(at: datetime) -> None:
    merchant = merchants.merchant(approved=True, at=at)
    operator = people.operator()
    services.take_back_decision(merchant_ref=merchant.public_id, by=operator, at=at + MINUTE)
    with pytest.raises(services.TooLateToTakeBack):
        services.take_back_decision(merchant_ref=merchant.public_id, by=operator, at=at + MINUTE)


def test_a_suspension_taken_back_shows_the_decision_before(at: datetime) -> None:
    merchant = merchants.merchant(approved=True, at=at)
    operator = people.operator()
    services.decide_merchant(
        merchant_ref=merchant.public_id, approve=False, reason="Complaints", by=operator, at=at + 60 * MINUTE
    )
    services.take_back_decision(merchant_ref=merchant.public_id, by=operator, at=at + 61 * MINUTE)
    assert state_of(merchant) == ("approved", at, "")


def test_only_an_operator_takes_back_and_corrects(at: datetime) -> None:
    owner = people.person()
    merchant = merchants.merchant(owner=owner, at=at)
    with pytest.raises(Forbidden):
        services.take_back_decision(merchant_ref=merchant.public_id, by=owner, at=at)
    with pytest.raises(Forbidden):
        services.correct_merchant(
            merchant_ref=merchant.public_id, names={"name": "X"}, facts={}, reason="x", by=owner, at=at
        )


def test_corrected_facts_are_in_the_log_with_their_reason_and_without_numbers(at: datetime) -> None:
    merchant = merchants.merchant(at=at)
    Merchant.objects.filter(pk=merchant.pk).update(phone="+358401234567")
    services.correct_merchant(
        merchant_ref=merchant.public_id,
        names={"name": "Kahvila Uusi Oy", "en": " "},
        facts={"business_id": " 1234567-8 ", "phone": "+358409994567", "email": "info@example.org"},
        reason="Trade register",
        by=people.operator(),
        at=at,
    )
    found = queries.merchant_by_ref(merchant.public_id)
    assert found is not None
    assert (found.names, found.business_id, found.phone) == (
        {"name": "Kahvila Uusi Oy"},
        "1234567-8",
        "+358409994567",
    )
    entry = audit.search(action="merchant.facts_changed").entries[0]
    assert entry.reason == "Trade register"
    assert entry.changes == {
        "names": [{"name": "Kahvila Oy"}, {"name": "Kahvila Uusi Oy"}],
        "business_id": ["", "1234567-8"],
        "phone": ["+358 ••• ••• 567", "+358 ••• ••• 567 *"],
        "email": ["", "i•••@example.org"],
    }


@pytest.mark.parametrize(
    ("names", "facts", "reason", "error"),
    [
        ({"name": " "}, {}, "x", services.MerchantUnnamed),
        ({"name": "A"}, {}, " ", services.ReasonMissing),
        ({"name": "A"}, {"state": "approved"}, "x", services.FactUnknown),
        ({"name": "A"}, {"business_id": "1" * 41}, "x", services.FactUnknown),
    ],
)
def test_facts_that_cannot_be_written(
    at: datetime, names: dict[str, str], facts: dict[str, str], reason: str, error: type[Exception]
) -> None:
    merchant = merchants.merchant(at=at)
    with pytest.raises(error):
        services.correct_merchant(
            merchant_ref=merchant.public_id,
            names=names,
            facts=facts,
            reason=reason,
            by=people.operator(),
            at=at,
        )
    assert audit.search(action="merchant.facts_changed").entries == ()


def test_merchants_that_may_be_the_same_one(at: datetime) -> None:
    ours = merchants.store(name="Café Engel", at=at)
    near = merchants.store(name="Cafe Engel", lon=24.9418, at=at)
    far = merchants.store(name="Café Engel", lon=24.96, at=at)
    merchants.store(name="Sushi Bar", at=at)
    assert ours.merchant is not None
    assert near.merchant is not None
    assert far.merchant is not None
    Merchant.objects.filter(pk__in=[ours.merchant_id, far.merchant_id]).update(business_id="1234567-8")
    found = {each.ref: each.by for each in queries.alike(ours.merchant.public_id)}
    assert found == {near.merchant.public_id: ("name",), far.merchant.public_id: ("business_id",)}
    Store.objects.filter(pk=near.pk).update(names={"name": "Pizzeria"})
    assert set(queries.alike(near.merchant.public_id)) == set()


def test_the_list_of_merchants(at: datetime) -> None:
    first = merchants.merchant(name="Kahvila Aamu", at=at)
    second = merchants.merchant(name="Sushi", approved=False, at=at)
    Merchant.objects.filter(pk=second.pk).update(phone="+358401234567", business_id="1234567-8")

    def refs(**wanted: object) -> list[str]:
        return [each.ref for each in queries.merchant_list(**wanted)]  # type: ignore[arg-type]

    assert refs() == [second.public_id, first.public_id]
    assert refs(text="aamu") == [first.public_id]
    assert refs(text="1234567-8") == [second.public_id]
    assert refs(text="1234567") == []
    assert refs(phone="+358401234567") == [second.public_id]
    assert refs(state=MerchantState.APPLIED) == [second.public_id]
    assert refs(before_ref=second.public_id) == [first.public_id]
    assert refs(region_id=second.region_id, limit=1) == [second.public_id]


def test_the_language_of_the_owner(at: datetime) -> None:
    merchant = merchants.merchant(owner=people.person(language="zh-hans"), at=at)
    assert queries.owner_language(merchant.public_id) == "zh-hans"
    assert queries.owner_language("mer_none") == "en"
