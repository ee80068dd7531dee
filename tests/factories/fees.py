"""Commission rules for tests; made through the service, as on the site."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hutong.pay.fees import services
from hutong.pay.fees.types import Reach, Rule, RuleDraft, Terms
from tests.factories import people

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)


def draft(
    *,
    region: str = "",
    merchant: str = "",
    category: str = "",
    offer: str = "",
    starts_at: datetime = NOON,
    ends_at: datetime | None = None,
    note: str = "",
    **terms: Any,
) -> RuleDraft:
    """A rule somebody wants to make; 5 % for everything unless told otherwise."""
    return RuleDraft(
        reach=Reach(region_ref=region, merchant_ref=merchant, category=category, offer_ref=offer),
        terms=Terms(**({"rate_ppm": 50_000} | terms)),
        starts_at=starts_at,
        ends_at=ends_at,
        note=note,
    )


def rule(*, at: datetime = NOON, **told: Any) -> Rule:
    """A rule an operator made at `at`."""
    return services.make_rule(draft=draft(**{"starts_at": at} | told), by=people.operator(), at=at)
