"""Merchants come in, claim their stores, and are decided about."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict, Forbidden, NotFound
from hutong.town.contents.services import ReasonMissing
from hutong.town.merchants.models import Claim, Merchant, MerchantDecision, Staff, Store
from hutong.town.merchants.rules import event_of, next_merchant_state
from hutong.town.merchants.services.granting import (
    MerchantUnnamed,
    StoreTaken,
    attach,
    make_merchant,
    release_listings,
    restore_listings,
)
from hutong.town.merchants.types import ClaimMethod, ClaimState, MerchantState, Role
from hutong.town.people.models import Person
from hutong.town.regions.models import Region

__all__ = [
    "MerchantAlreadyDecided",
    "MerchantUnnamed",
    "StoreTaken",
    "apply_again",
    "apply_merchant",
    "claim_store",
    "decide_merchant",
]


class MerchantAlreadyDecided(Conflict):
    """Somebody else decided meanwhile, or there is nothing to decide."""

    code = "merchant_already_decided"
    message = _("This merchant has been decided already. Look at its history.")


def apply_merchant(
    *, names: Mapping[str, str], region: Region, phone: str, by: Person, at: datetime, sample: bool = False
) -> Merchant:
    """A person asks to sell: the merchant waits for the operator, and the person is its owner.

    Raises `MerchantUnnamed`.
    """
    return make_merchant(names=names, region=region, phone=phone, by=by, at=at, sample=sample)


def apply_again(*, merchant_ref: str, by: Person, at: datetime) -> None:
    """An owner asks once more after a refusal; the merchant waits again, with what it once proved to be its own.

    Raises `NotFound`, `Forbidden`, `MerchantAlreadyDecided`.
    """
    with transaction.atomic():
        merchant = Merchant.objects.filter(public_id=merchant_ref).first()
        if merchant is None:
            raise NotFound
        if not _owns(by, merchant):
            raise Forbidden
        refused = MerchantState.REJECTED.value
        again = {"state": MerchantState.APPLIED.value, "decided_at": None, "decision_reason": ""}
        if not Merchant.objects.filter(pk=merchant.pk, state=refused).update(**again, applied_at=at):
            raise MerchantAlreadyDecided
        MerchantDecision.objects.create(
            merchant=merchant, from_state=refused, to_state=MerchantState.APPLIED.value, by=by, at=at
        )
        restore_listings(merchant, by=by, at=at)
        audit.record(
            action="merchant.applied_again",
            subject=merchant_ref,
            by=by.public_id,
            at=at,
            before={"state": refused},
            after={"state": MerchantState.APPLIED.value},
            merchant=merchant_ref,
        )


def claim_store(*, store_ref: str, merchant_ref: str, by: Person, at: datetime) -> None:
    """Give an open listing to a merchant without any proof, once. From then on imports leave it alone.

    For the operator, and for an owner where the operator vouches for it (samples, the command line); people
    claim by `start_claim`. Shoppers see nothing of it until the merchant is approved. Raises `Forbidden`,
    `NotFound`, `StoreTaken`.
    """
    with transaction.atomic():
        merchant = Merchant.objects.filter(public_id=merchant_ref).first()
        store = Store.objects.filter(public_id=store_ref).first()
        if merchant is None or store is None:
            raise NotFound
        if not by.is_operator and not _owns(by, merchant):
            raise Forbidden
        attach(store=store, merchant=merchant, by=by, at=at)
        Claim.objects.create(
            store=store,
            merchant=merchant,
            person=by,
            method=ClaimMethod.OPERATOR.value,
            state=ClaimState.APPROVED.value,
            created_at=at,
            decided_at=at,
            decided_by=by,
        )


def decide_merchant(
    *, merchant_ref: str, approve: bool, reason: str = "", by: Person, at: datetime
) -> MerchantState:
    """The operator says yes or no, and the history keeps who, when and why; the merchant's new state.

    Yes approves an application, also one refused before, and reinstates a suspended merchant. No refuses an
    application, whose claimed listings then are nobody's again, and suspends an approved merchant; it needs a
    reason. Raises `Forbidden`, `NotFound`, `ReasonMissing`, `MerchantAlreadyDecided`.
    """
    if not by.is_operator:
        raise Forbidden
    reason = reason.strip()[:500]
    if not approve and not reason:
        raise ReasonMissing
    with transaction.atomic():
        merchant = Merchant.objects.filter(public_id=merchant_ref).first()
        if merchant is None:
            raise NotFound
        state = MerchantState(merchant.state)
        event = event_of(state, approve=approve)
        target = next_merchant_state(state, event) if event else None
        if target is None:
            raise MerchantAlreadyDecided
        # The guard stands in the WHERE: of two operators who decide at once, one is told so.
        moved = Merchant.objects.filter(pk=merchant.pk, state=state.value).update(
            state=target.value, decided_at=at, decision_reason=reason
        )
        if not moved:
            raise MerchantAlreadyDecided
        MerchantDecision.objects.create(
            merchant=merchant, from_state=state.value, to_state=target.value, reason=reason, by=by, at=at
        )
        audit.record(
            action=f"merchant.{target.value}",
            subject=merchant_ref,
            by=by.public_id,
            at=at,
            before={"state": state.value},
            after={"state": target.value},
            merchant=merchant_ref,
            reason=reason,
        )
        if target is MerchantState.REJECTED:
            release_listings(merchant, by=by, at=at)
        if state is MerchantState.REJECTED:
            restore_listings(merchant, by=by, at=at)
    return target


def _owns(person: Person, merchant: Merchant) -> bool:
    live = Staff.objects.filter(person=person, merchant=merchant, role=Role.OWNER.value, revoked_at=None)
    return live.exists()
