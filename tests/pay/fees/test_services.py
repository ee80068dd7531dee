"""Rules are made, changed by the next and ended; never otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from hutong.kernel import audit, rows
from hutong.kernel.errors import DomainError, Forbidden
from hutong.pay.fees import queries, services
from hutong.pay.fees.models import CommissionRule
from hutong.pay.fees.types import Bearer, RuleState
from tests.factories import catalog, merchants, people, regions
from tests.factories.fees import draft, rule

pytestmark = pytest.mark.django_db

A_DAY = timedelta(days=1)


def test_a_rule_is_kept_as_it_was_made(at: datetime) -> None:
    shop = merchants.store(at=at)
    assert shop.merchant is not None
    told = draft(
        merchant=shop.merchant.public_id,
        category="cafe",
        region=shop.region.public_id,
        starts_at=at + A_DAY,
        ends_at=at + 9 * A_DAY,
        note="Agreed by phone",
        rate_ppm=80_000,
        fixed=20,
        minimum=50,
        unit="EUR",
        free_months=3,
        bearer=Bearer.MERCHANT,
        provider_rate_ppm=14_000,
        provider_fixed=25,
        tax_ppm=255_000,
    )
    operator = people.operator()
    made = services.make_rule(draft=told, by=operator, at=at)

    assert (made.reach, made.terms, made.note) == (told.reach, told.terms, told.note)
    assert (made.starts_at, made.ends_at, made.made_by, made.made_at) == (
        told.starts_at,
        told.ends_at,
        operator.public_id,
        at,
    )
    assert queries.rules() == queries.rules(merchant_ref=shop.merchant.public_id) == [made]
    assert queries.rules(merchant_ref="mer_other") == []
    assert [made.state(at + days * A_DAY) for days in (0, 1, 9)] == [
        RuleState.COMING,
        RuleState.CURRENT,
        RuleState.ENDED,
    ]
    (entry,) = audit.search(subject=made.ref).entries
    assert (entry.action, entry.actor_ref, entry.merchant_ref, entry.reason) == (
        "commission.rule_made",
        operator.public_id,
        shop.merchant.public_id,
        "Agreed by phone",
    )
    assert entry.changes["rate_ppm"] == [None, 80_000]


def _refused(error: type[DomainError], at: datetime, **told: Any) -> DomainError:
    with pytest.raises(error) as raised, transaction.atomic():
        rule(at=at, **told)
    assert not queries.rules()
    return raised.value


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"rate_ppm": 1_000_001}, "rate"),
        ({"rate_ppm": -1}, "rate"),
        ({"tax_ppm": 1_000_001}, "tax"),
        ({"tax_ppm": -1}, "tax"),
        ({"bearer": Bearer.MERCHANT, "provider_rate_ppm": 1_000_001}, "provider_rate"),
        ({"fixed": -1, "unit": "EUR"}, "fixed"),
        ({"minimum": services.MOST_AMOUNT + 1, "unit": "EUR"}, "minimum"),
        ({"free_months": 121}, "free_months"),
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: dict[str, Any], field: str, at: datetime) -> None:
    assert _refused(services.TermsInvalid, at, **terms).details == {"field": field}


def test_a_fee_is_asked_of_the_merchant_only_where_it_bears_it(at: datetime) -> None:
    _refused(services.FeeBearerUnclear, at, provider_rate_ppm=10_000)


def test_amounts_are_in_the_currency_of_what_is_sold(at: datetime) -> None:
    region = regions.region(currency="SEK")
    regions.region()
    shop = merchants.merchant(region=region)
    for told in (
        {"fixed": 30},
        {"unit": "EUR"},
        {"fixed": 30, "unit": "USD"},
        {"fixed": 30, "unit": "EUR", "region": region.public_id},
        {"fixed": 30, "unit": "EUR", "merchant": shop.public_id},
    ):
        assert "SEK" in str(_refused(services.CurrencyForeign, at, **told))
    offer = catalog.offer(at=at)
    assert _refused(services.CurrencyForeign, at, fixed=30, unit="SEK", offer=offer.public_id).details == {
        "unit": "EUR",
        "field": "unit",
    }
    assert rule(at=at, fixed=30, unit="SEK", merchant=shop.public_id).terms.unit == "SEK"


def test_what_a_rule_names_exists(at: datetime) -> None:
    offer, other = catalog.offer(at=at), merchants.merchant()
    for field, told in {
        "region": {"region": "reg_none"},
        "merchant": {"merchant": "mer_none"},
        "category": {"category": "none"},
        "offer": {"offer": "off_none"},
    }.items():
        assert _refused(services.ReachUnknown, at, **told).details == {"field": field}
    told = {"offer": offer.public_id, "merchant": other.public_id}
    assert _refused(services.ReachUnknown, at, **told).details == {"field": "offer"}
    assert rule(at=at, offer=offer.public_id, merchant=offer.merchant.public_id)


def test_a_rule_reaches_forward_only(at: datetime) -> None:
    _refused(services.SpanEmpty, at, starts_at=at - timedelta(seconds=1))
    _refused(services.SpanEmpty, at, starts_at=at + A_DAY, ends_at=at + A_DAY)


@pytest.mark.parametrize(
    ("starts", "ends", "overlaps"),
    [
        (0, 5, False),
        (5, 6, True),
        (0, 6, True),
        (9, None, True),
        (10, None, False),
        (0, None, True),
        (6, 7, True),
    ],
)
def test_two_rules_for_the_same_deals_never_hold_at_once(
    starts: int, ends: int | None, overlaps: bool, at: datetime
) -> None:
    first = rule(at=at, category="", starts_at=at + 5 * A_DAY, ends_at=at + 10 * A_DAY)
    told = {"starts_at": at + starts * A_DAY, "ends_at": at + ends * A_DAY if ends else None}
    if overlaps:
        with pytest.raises(services.RuleOverlaps) as raised, transaction.atomic():
            rule(at=at, **told)
        assert raised.value.details == {"rule_ref": first.ref}
    else:
        rule(at=at, **told)
    other = regions.region()
    assert rule(at=at, region=other.public_id, **told)


def test_a_change_ends_the_rule_and_begins_the_next(at: datetime) -> None:
    first = rule(at=at)
    operator, later = people.operator(), at + 3 * A_DAY
    second = services.make_rule(
        draft=draft(starts_at=later, rate_ppm=70_000), by=operator, at=at + A_DAY, replaces_ref=first.ref
    )
    assert second.replaces_ref == first.ref
    ended = queries.rule_by_ref(first.ref)
    assert ended is not None
    assert (ended.ends_at, ended.ended_by, ended.ended_at) == (later, operator.public_id, at + A_DAY)
    assert ended.terms == first.terms
    with pytest.raises(services.RuleUnknown), transaction.atomic():
        services.make_rule(draft=draft(starts_at=later), by=operator, at=at, replaces_ref="cru_none")
    with pytest.raises(services.RuleOver), transaction.atomic():
        services.make_rule(draft=draft(starts_at=later), by=operator, at=at, replaces_ref=first.ref)


def test_a_rule_ends_once_and_sooner_only(at: datetime) -> None:
    first, operator = rule(at=at, ends_at=at + 9 * A_DAY), people.operator()
    with pytest.raises(services.SpanEmpty):
        services.end_rule(rule_ref=first.ref, ends_at=at - A_DAY, by=operator, at=at)
    with pytest.raises(services.RuleOver):
        services.end_rule(rule_ref=first.ref, ends_at=at + 10 * A_DAY, by=operator, at=at)
    services.end_rule(rule_ref=first.ref, by=operator, at=at + A_DAY)
    with pytest.raises(services.RuleOver):
        services.end_rule(rule_ref=first.ref, by=operator, at=at + 2 * A_DAY)
    with pytest.raises(services.RuleUnknown):
        services.end_rule(rule_ref="cru_none", by=operator, at=at)
    (entry, _made) = audit.search(subject=first.ref).entries
    assert (entry.action, list(entry.changes)) == ("commission.rule_ended", ["holds_until"])
    assert rule(at=at + A_DAY)


def test_a_rule_that_had_not_begun_never_holds(at: datetime) -> None:
    coming = rule(at=at, starts_at=at + 5 * A_DAY)
    services.end_rule(rule_ref=coming.ref, by=people.operator(), at=at)
    ended = queries.rule_by_ref(coming.ref)
    assert ended is not None
    assert ended.starts_at == ended.ends_at
    assert rule(at=at, starts_at=at + A_DAY)


def test_only_an_operator_makes_and_ends_rules(at: datetime) -> None:
    owner, made = people.person(), rule(at=at)
    with pytest.raises(Forbidden):
        services.make_rule(draft=draft(starts_at=at, category=""), by=owner, at=at)
    with pytest.raises(Forbidden):
        services.make_rule(draft=draft(starts_at=at), by=owner, at=at, replaces_ref=made.ref)
    with pytest.raises(Forbidden):
        services.end_rule(rule_ref=made.ref, by=owner, at=at)


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"ends_at": "2026-05-31T00:00:00Z"}, "fees_rule_time"),
        ({"rate_ppm": 1_000_001}, "fees_rule_rates"),
        ({"rate_ppm": -1}, "fees_rule_rates"),
        ({"tax_ppm": -1}, "fees_rule_rates"),
        ({"provider_rate_ppm": -1, "bearer": "merchant"}, "fees_rule_rates"),
        ({"fixed": -1, "unit": "EUR"}, "fees_rule_amounts"),
        ({"minimum": 5}, "fees_rule_amounts"),
        ({"bearer": "nobody"}, "fees_rule_bearer"),
        ({"provider_rate_ppm": 1}, "fees_rule_bearer"),
        ({"free_months": 121}, "fees_rule_free_months"),
        ({"ended_at": "2026-06-02T00:00:00Z"}, "fees_rule_ended_by"),
        ({"ended_by": "per_a"}, "fees_rule_ended_by"),
    ],
)
def test_the_database_refuses_what_cannot_be(columns: dict[str, Any], constraint: str, at: datetime) -> None:
    told = {"starts_at": at, "rate_ppm": 0, "bearer": "platform", "made_by": "per_a", "made_at": at} | columns
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        CommissionRule.objects.create(**told)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE fees_commissionrule SET rate_ppm = 1",
        "UPDATE fees_commissionrule SET ends_at = ends_at + interval '1 day', ended_by = 'per_a', ended_at = ends_at",
        "UPDATE fees_commissionrule SET ends_at = NULL",
        "DELETE FROM fees_commissionrule",
    ],
)
def test_the_database_keeps_rules_as_they_were_made(statement: str, at: datetime) -> None:
    rule(at=at, ends_at=at + A_DAY)
    with pytest.raises(IntegrityError, match="may only end sooner"), transaction.atomic():
        rows.execute(statement)


def test_the_rules_cannot_be_emptied(at: datetime) -> None:
    rows.execute("ALTER TABLE fees_commissionrule ENABLE TRIGGER fees_rule_not_emptied")
    with pytest.raises(IntegrityError, match="may only end sooner"), transaction.atomic():
        rows.execute("TRUNCATE fees_commissionrule")
