"""What a merchant remembers: by consent, once an event, with marks, and never a whole phone number."""

import dataclasses
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from hutong.kernel.errors import NotFound
from hutong.kernel.money import Money
from hutong.know.customers import queries, rules, services
from hutong.know.customers.models import Customer, Visit
from hutong.know.customers.queries import CursorInvalid
from hutong.know.customers.types import CustomerList, Marks, Segment, Sort, VisitKind
from hutong.town.merchants.models import Merchant
from hutong.town.people.models import Person
from tests.factories import customers, merchants, people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _memory_agrees(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test the counts equal the visits, and nobody is remembered without consent."""
    yield
    if "merchant" in request.fixturenames:
        assert queries.problems() == []


@pytest.fixture
def merchant() -> Merchant:
    """A merchant with one store."""
    store = merchants.store()
    assert store.merchant is not None
    return store.merchant


def regular(merchant: Merchant, name: str = "Sami Shopper", phone: str | None = None) -> Person:
    """Somebody who agreed to be remembered."""
    person = people.person(name=name, phone=phone)
    customers.consent(person, merchant)
    return person


def names(found: CustomerList) -> list[str]:
    """The names of a list's rows."""
    return [row.name for row in found.rows]


def test_nothing_is_remembered_without_consent(merchant: Merchant, at: datetime) -> None:
    person = people.person()
    assert customers.visit(person, merchant) is False
    assert not Customer.objects.exists()
    customers.consent(person, merchants.merchant())  # to another merchant
    assert customers.visit(person, merchant) is False
    assert queries.customer_list(merchant.public_id, at=at).rows == ()


def test_a_visit_told_twice_is_one_visit(merchant: Merchant, at: datetime) -> None:
    person = regular(merchant)
    assert customers.visit(person, merchant, ref="red_a") is True
    assert customers.visit(person, merchant, ref="red_a") is False
    (row,) = queries.customer_list(merchant.public_id, at=at).rows
    assert (row.visits, row.spent, row.last_titles) == (1, Money(1990, "EUR"), {"en": "Lunch for two"})


def test_two_vouchers_on_one_day_are_one_visit_and_midnight_is_the_shops(merchant: Merchant) -> None:
    person = regular(merchant)
    before_midnight = datetime.fromisoformat("2026-06-01T23:59:00+03:00")
    for at in (before_midnight - timedelta(hours=5), before_midnight, before_midnight + timedelta(minutes=2)):
        customers.visit(person, merchant, at=at)
    (row,) = queries.customer_list(merchant.public_id, at=before_midnight).rows
    assert (row.visits, row.spent.minor) == (2, 3 * 1990)


@pytest.mark.parametrize("undo_first", [False, True])
def test_an_undone_visit_does_not_count_in_whatever_order_it_is_told(
    merchant: Merchant, at: datetime, undo_first: bool
) -> None:
    person = regular(merchant)
    customers.visit(person, merchant, ref="red_stays", at=at - timedelta(days=3))
    kinds = [VisitKind.REDEMPTION, VisitKind.UNDO]
    for kind in reversed(kinds) if undo_first else kinds:
        customers.visit(person, merchant, ref="red_undone", kind=kind, at=at)
    (row,) = queries.customer_list(merchant.public_id, at=at).rows
    assert (row.visits, row.spent.minor, row.last_visit_at) == (1, 1990, at - timedelta(days=3))
    page = queries.customer_page(merchant.public_id, row.ref, at=at)
    assert page is not None
    undone = [line.undone for line in page.timeline if line.kind is VisitKind.REDEMPTION]
    assert undone == [True, False]


def test_who_bought_and_did_not_come_is_a_segment_of_its_own(merchant: Merchant, at: datetime) -> None:
    person = regular(merchant)
    customers.visit(person, merchant, ref="ord_a", kind=VisitKind.PURCHASE)
    assert queries.customer_list(merchant.public_id, at=at).rows == ()
    (row,) = queries.customer_list(merchant.public_id, at=at, segment=Segment.BOUGHT).rows
    assert (row.visits, row.marks, row.segment) == (0, None, Segment.BOUGHT)
    counts = queries.customer_counts(merchant.public_id, at=at)
    assert (counts.total, counts.by_segment[Segment.BOUGHT], counts.by_marks) == (1, 1, {})


def test_withdrawing_forgets_at_once_and_keeps_the_proof(merchant: Merchant, at: datetime) -> None:
    person, other = regular(merchant), regular(merchant, name="Other")
    customers.visit(person, merchant)
    customers.visit(other, merchant)
    refs = {"person_ref": person.public_id, "merchant_ref": merchant.public_id}
    assert services.withdraw_consent(**refs, at=at + timedelta(days=1)) is True
    assert services.withdraw_consent(**refs, at=at + timedelta(days=1)) is False
    assert names(queries.customer_list(merchant.public_id, at=at)) == ["Other"]
    assert Visit.objects.count() == 1
    assert customers.visit(person, merchant) is False  # a message that arrives late
    (ended,) = queries.consents_of(person.public_id)
    assert (ended.granted_at, ended.withdrawn_at) == (at, at + timedelta(days=1))
    assert not queries.has_consent(**refs)
    assert services.grant_consent(**refs, source="again", at=at + timedelta(days=2)) is True
    assert [consent.source for consent in queries.consents_of(person.public_id)] == ["again", "a test"]
    assert queries.customer_list(merchant.public_id, at=at).rows[0].name == "Other"


def test_consent_is_given_once_and_only_by_somebody_to_somebody(merchant: Merchant, at: datetime) -> None:
    person = people.person()
    refs = {"person_ref": person.public_id, "merchant_ref": merchant.public_id}
    assert services.grant_consent(**refs, source="checkout", at=at) is True
    assert services.grant_consent(**refs, source="checkout", at=at) is False
    with pytest.raises(NotFound):
        services.grant_consent(person_ref="per_none", merchant_ref=merchant.public_id, source="x", at=at)


def test_amounts_of_another_currency_are_refused(merchant: Merchant) -> None:
    person = regular(merchant)
    customers.visit(person, merchant, unit="EUR")
    with pytest.raises(services.UnitDiffers):
        customers.visit(person, merchant, unit="SEK")
    assert Visit.objects.count() == 1


def test_the_phone_is_masked_wherever_a_customer_is_shown(merchant: Merchant, at: datetime) -> None:
    customers.visit(regular(merchant, phone="+358401234567"), merchant)
    (row,) = queries.customer_list(merchant.public_id, at=at).rows
    page = queries.customer_page(merchant.public_id, row.ref, at=at)
    assert page is not None
    assert row.phone_masked == "+358 ••• ••• 567"
    for shown in (str(dataclasses.asdict(row)), str(dataclasses.asdict(page))):
        assert "1234567" not in shown.replace(" ", "")


def test_search_finds_names_and_no_more_of_a_phone_than_is_shown(merchant: Merchant, at: datetime) -> None:
    customers.visit(regular(merchant, name="Äiti 100%_a", phone="+358401234567"), merchant)
    customers.visit(regular(merchant, name="李雷", phone="+358409999888"), merchant)
    found = {
        text: names(queries.customer_list(merchant.public_id, at=at, text=text))
        for text in ("äit", "ÄITI", "100%_", "%", "雷", "567", "67", "4567", "358", "nobody")
    }
    mother = ["Äiti 100%_a"]
    assert found == {
        "äit": mother, "ÄITI": mother, "100%_": mother, "%": mother, "雷": ["李雷"], "567": mother,
        "67": mother, "4567": [], "358": [], "nobody": [],
    }  # fmt: skip


def test_a_list_shows_the_merchants_own_customers_alone(merchant: Merchant, at: datetime) -> None:
    other = merchants.merchant()
    person = regular(merchant)
    customers.consent(person, other)
    customers.visit(person, merchant)
    customers.visit(person, other, amount=1)
    (row,) = queries.customer_list(merchant.public_id, at=at).rows
    assert row.spent.minor == 1990
    assert queries.customer_page(other.public_id, row.ref, at=at) is None


def town_of_customers(merchant: Merchant, at: datetime, number: int = 23) -> None:
    """Customers with visits spread over half a year, some with equal counts."""
    dice = random.Random(7)
    for index in range(number):
        person = regular(merchant, name=f"Customer {index:02}")
        for _visit in range(dice.choice([1, 1, 1, 2, 3, 5, 12])):
            moment = at - timedelta(days=dice.choice([0, 1, 14, 15, 30, 31, 60, 61, 120, 121, 180]))
            customers.visit(person, merchant, amount=dice.choice([0, 990, 1990, 4900]), at=moment)


@pytest.mark.parametrize("sort", list(Sort))
def test_pages_go_through_the_whole_list_once_in_order(merchant: Merchant, at: datetime, sort: Sort) -> None:
    town_of_customers(merchant, at)
    whole = queries.customer_list(merchant.public_id, at=at, sort=sort, limit=100)
    assert whole.next_cursor is None
    paged, cursor = [], None
    while True:
        page = queries.customer_list(merchant.public_id, at=at, sort=sort, cursor=cursor, limit=5)
        paged += names(page)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert paged == names(whole)
    assert len(set(paged)) == 23
    measure = {"recency": "last_visit_at", "frequency": "visits", "money": "spent"}[sort.value]
    values = [getattr(row, measure) for row in whole.rows]
    assert all(first >= second for first, second in pairwise(values))


def test_segments_and_counts_are_what_the_rules_say(merchant: Merchant, at: datetime) -> None:
    town_of_customers(merchant, at)
    whole = queries.customer_list(merchant.public_id, at=at, limit=100).rows
    counts = queries.customer_counts(merchant.public_id, at=at)
    assert sum(counts.by_segment.values()) == counts.total == len(whole)
    for segment in Segment:
        expected = {row.ref for row in whole if row.segment is segment}
        found = queries.customer_list(merchant.public_id, at=at, segment=segment, limit=100)
        assert {row.ref for row in found.rows} == expected
        assert counts.by_segment[segment] == len(expected)
    cells = {(row.marks.recency, row.marks.frequency) for row in whole if row.marks}
    assert set(counts.by_marks) == cells
    assert len(cells) > 6  # the limits are all tried from both sides


def test_statements_do_not_grow_with_the_list(
    merchant: Merchant, at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for size in (1, 2):
        for _customer in range(size):
            customers.visit(regular(merchant), merchant)
        with django_assert_num_queries(1):
            (ref, *_rest) = [row.ref for row in queries.customer_list(merchant.public_id, at=at).rows]
        with django_assert_num_queries(1):
            queries.customer_counts(merchant.public_id, at=at)
        with django_assert_num_queries(2):
            queries.customer_page(merchant.public_id, ref, at=at)
    person = regular(merchant)
    with django_assert_num_queries(4 + 2):
        customers.visit(person, merchant)


@pytest.mark.parametrize(
    "cursor", ["x", "%%%", "W10=", "WzEsMl0=", "eyJhIjoxfQ==", "WyIyMDI2LTAxLTAxIiwxXQ==", "é"]
)
def test_a_made_up_cursor_is_refused(merchant: Merchant, at: datetime, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        queries.customer_list(merchant.public_id, at=at, cursor=cursor)


def test_problems_finds_counts_changed_by_hand_and_memory_without_consent(at: datetime) -> None:
    store = merchants.store()
    assert store.merchant is not None
    person = regular(store.merchant)
    customers.visit(person, store.merchant)
    Customer.objects.update(visits=7)
    assert [problem.what for problem in queries.problems()] == ["the counts are not those of the visits"]
    person.consents.update(withdrawn_at=at)
    assert len(queries.problems()) == 2


def test_the_limits_of_marks_are_where_the_table_says(at: datetime) -> None:
    days = {0: 5, 14: 5, 15: 4, 30: 4, 31: 3, 60: 3, 61: 2, 120: 2, 121: 1, 5000: 1}
    visits = {1: 1, 2: 2, 3: 3, 4: 3, 5: 4, 9: 4, 10: 5, 500: 5}
    cuts = [10, 20, 20, 30]
    money = {0: 1, 9: 1, 10: 2, 19: 2, 20: 4, 29: 4, 30: 5}

    def marks(ago: int = 0, came: int = 1, spent: int = 0) -> Marks:
        return rules.rfm_marks(
            last_visit_at=at - timedelta(days=ago), visits=came, spent_minor=spent, money_cuts=cuts, at=at
        )

    assert {ago: marks(ago=ago).recency for ago in days} == days
    assert {came: marks(came=came).frequency for came in visits} == visits
    assert {spent: marks(spent=spent).money for spent in money} == money


def test_a_shops_first_customer_is_new_and_not_lost(merchant: Merchant, at: datetime) -> None:
    customers.visit(regular(merchant), merchant)
    (row,) = queries.customer_list(merchant.public_id, at=at).rows
    assert (row.segment, row.marks) == (Segment.NEW, Marks(recency=5, frequency=1, money=5))


def test_every_cell_of_the_grid_is_in_one_segment() -> None:
    cells = [cell for segment in Segment for cell in rules.cells_of(segment)]
    assert sorted(cells) == [(recency, frequency) for recency in range(1, 6) for frequency in range(1, 6)]


@given(
    st.lists(st.integers(0, 10**9), min_size=4, max_size=4).map(sorted),
    st.integers(0, 10**9),
    st.integers(0, 10**9),
)
def test_who_spent_more_never_has_the_lower_mark(cuts: list[int], less: int, more: int) -> None:
    at = datetime.fromisoformat("2026-06-01T09:00:00+00:00")
    low, high = (
        rules.rfm_marks(last_visit_at=at, visits=1, spent_minor=spent, money_cuts=cuts, at=at).money
        for spent in sorted([less, more])
    )
    assert 1 <= low <= high <= 5
