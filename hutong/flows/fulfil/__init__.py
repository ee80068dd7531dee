"""How each kind of offer is fulfilled: one protocol, one small file a kind, one conformance suite for all.

A kind holds what is scarce while the shopper pays, confirms it when the money is here, releases it when it is
not, takes it again when the money comes late, and says what may still be given back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from hutong.flows.fulfil.voucher import VoucherFulfilment
from hutong.pay.orders.types import OrderFacts, SoldUnit
from hutong.town.catalog.types import OfferKind, OfferView
from hutong.visit.vouchers.types import Released


class Fulfilment(Protocol):
    """What a kind of offer promises. Every method joins the caller's transaction, which locked the order."""

    def hold(
        self,
        *,
        order_ref: str,
        person_ref: str,
        offers: Mapping[str, OfferView],
        wants: Mapping[str, int],
        expires_at: datetime,
        at: datetime,
    ) -> None:
        """Keep `wants` (offer_ref -> quantity) for the order until `expires_at`, or raise and keep nothing."""

    def confirm(self, *, order: OrderFacts, units: Sequence[SoldUnit], at: datetime) -> list[str]:
        """The money is here: make what was bought; refs of what was made. Again: the same refs."""

    def retake(self, *, order_ref: str, at: datetime) -> None:
        """Money came after the hold was given back: take it again, or raise `SoldOut`."""

    def release(self, *, order_ref: str, at: datetime) -> None:
        """The order ended unpaid: what it held is free again."""

    def refundable(self, *, unit_refs: Sequence[str], at: datetime) -> dict[str, bool]:
        """Those of the units that were neither enjoyed nor given back, each with whether its money is promised to the
        shopper at `at`; both as of one moment."""

    def give_back(
        self, *, order_ref: str, units: Mapping[str, str], at: datetime, used_too: bool = False
    ) -> Released:
        """Take `units` (unit_ref -> offer_ref) away for a refund, all or none; of enjoyed ones only the money."""


KINDS: Mapping[OfferKind, Fulfilment] = {OfferKind.VOUCHER: VoucherFulfilment()}


def of(kind: OfferKind) -> Fulfilment:
    """The fulfilment of a kind of offer."""
    return KINDS[kind]
