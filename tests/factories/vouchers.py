"""Vouchers for tests, made in the way the site makes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from hutong.town.merchants.models import Device, Store
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries, services
from hutong.visit.vouchers.models import Voucher
from hutong.visit.vouchers.types import RedemptionResult
from tests.factories import merchants, people

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class MadeVoucher:
    """A voucher as a test needs it: its code in plain, whose it is and where it is good."""

    ref: str
    code: str
    unit_refs: tuple[str, ...]
    order_ref: str
    person: Person
    store: Store

    @property
    def row(self) -> Voucher:
        """The voucher as it stands in the database now."""
        return Voucher.objects.get(public_id=self.ref)


def voucher(
    *,
    store: Store | None = None,
    person: Person | None = None,
    uses: int = 1,
    valid_days: int = 90,
    also_in: tuple[Store, ...] = (),
    at: datetime = NOON,
) -> MadeVoucher:
    """A voucher that was just paid, good in `store` (by default of a new merchant)."""
    number = next(_numbers)
    place = store or merchants.store()
    owner = person or people.person(name="Sami Shopper")
    offer_ref, order_ref = f"off_v{number}", f"ord_v{number}"
    services.set_terms(offer_ref=offer_ref, valid_days=valid_days, uses=uses)
    assert place.merchant is not None
    (made,) = services.issue(
        person=owner,
        merchant=place.merchant,
        order_ref=order_ref,
        offer_ref=offer_ref,
        unit_refs=[f"unt_v{number}_{index}" for index in range(uses)],
        titles={"en": "Lunch for two", "zh-Hans": "双人午餐"},
        store_ids=[place.pk, *(other.pk for other in also_in)],
        zone="Europe/Helsinki",
        at=at,
    )
    return MadeVoucher(
        ref=made.voucher_ref,
        code=queries.code_of(made.voucher_ref),
        unit_refs=made.unit_refs,
        order_ref=order_ref,
        person=owner,
        store=place,
    )


def redeem(
    made: MadeVoucher,
    device: Device | None = None,
    *,
    nonce: str | None = None,
    code: str | None = None,
    at: datetime = NOON,
) -> RedemptionResult:
    """Redeem a voucher in its store, by default with a new device and a new nonce."""
    scanner = device or merchants.device(store=made.store)
    return services.redeem(
        code=code or made.code,
        store=scanner.store,
        actor_ref=scanner.public_id,
        device=scanner,
        by=None,
        nonce=nonce or f"nonce-{next(_numbers)}",
        at=at,
    )
