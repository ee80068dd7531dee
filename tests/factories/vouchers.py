"""Vouchers for tests, made in the way the site makes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from hutong.town.merchants.models import Device, Store
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries, services
from hutong.visit.vouchers.models import Voucher
from hutong.visit.vouchers.types import RedemptionResult, Terms, VoucherKind
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


def promise(
    offer_ref: str, *, valid_days: int = 90, uses: int = 1, at: datetime = NOON, **terms: Any
) -> Terms:
    """Vouchers of this offer hold so long, for so many uses; `terms` are the others of `Terms`."""
    kind = VoucherKind.CARD if uses > 1 else VoucherKind.SINGLE
    said: dict[str, Any] = {"valid_days": valid_days, "uses": uses, "kind": kind} | terms
    made = Terms(**said)
    services.set_terms(offer_ref=offer_ref, terms=made, unit="EUR", at=at)
    return made


def voucher(
    *,
    store: Store | None = None,
    person: Person | None = None,
    uses: int = 1,
    valid_days: int = 90,
    also_in: tuple[Store, ...] = (),
    at: datetime = NOON,
    **terms: Any,
) -> MadeVoucher:
    """A voucher that was just paid, good in `store` (by default of a new merchant); `terms` are the others of `Terms`."""
    (made,) = several(
        1, store=store, person=person, uses=uses, valid_days=valid_days, also_in=also_in, at=at, **terms
    )
    return made


def several(
    vouchers: int,
    *,
    store: Store | None = None,
    person: Person | None = None,
    uses: int = 1,
    valid_days: int = 90,
    also_in: tuple[Store, ...] = (),
    at: datetime = NOON,
    **terms: Any,
) -> list[MadeVoucher]:
    """Vouchers of one order, as `voucher` makes one."""
    number = next(_numbers)
    place = store or merchants.store()
    owner = person or people.person(name="Sami Shopper")
    offer_ref, order_ref = f"off_v{number}", f"ord_v{number}"
    promise(offer_ref, valid_days=valid_days, uses=uses, at=at, **terms)
    assert place.merchant is not None
    issued = services.issue(
        person=owner,
        merchant=place.merchant,
        order_ref=order_ref,
        offer_ref=offer_ref,
        unit_refs=[f"unt_v{number}_{index}" for index in range(uses * vouchers)],
        titles={"en": "Lunch for two", "zh-Hans": "双人午餐"},
        store_ids=[place.pk, *(other.pk for other in also_in)],
        zone="Europe/Helsinki",
        ordered_at=at,
        at=at,
    )
    return [
        MadeVoucher(
            ref=made.voucher_ref,
            code=queries.code_of(made.voucher_ref),
            unit_refs=made.unit_refs,
            order_ref=order_ref,
            person=owner,
            store=place,
        )
        for made in issued
    ]


def redeem(
    made: MadeVoucher,
    device: Device | None = None,
    *,
    nonce: str | None = None,
    code: str | None = None,
    at: datetime = NOON,
    **asked: Any,
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
        **asked,
    )


def redeem_by(made: MadeVoucher, person: Person, *, at: datetime = NOON, **asked: Any) -> RedemptionResult:
    """Redeem a voucher in its store as one of the staff, without a device."""
    return services.redeem(
        code=made.code,
        store=made.store,
        actor_ref=person.public_id,
        device=None,
        by=person,
        nonce=f"nonce-{next(_numbers)}",
        at=at,
        **asked,
    )
