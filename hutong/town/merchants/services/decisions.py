"""Merchants come in, claim their stores, and are decided about."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hutong.town.merchants.models import Merchant, MerchantDecision, Staff, Store
from hutong.town.merchants.rules import event_of, next_merchant_state
from hutong.town.merchants.types import MerchantState, Role, StoreState
from hutong.town.people.models import Person
from hutong.town.regions.models import Region


class MerchantAlreadyDecided(Conflict):
    """Somebody else decided meanwhile, or there is nothing to decide."""

    code = "merchant_already_decided"
    message = _("This merchant has been decided already. Look at its history.")


class ReasonMissing(Invalid):
    """A refusal without a reason helps nobody."""

    code = "reason_missing"
    message = _("Please give a reason. The merchant will read it.")


class MerchantUnnamed(Invalid):
    """A merchant without any name."""

    code = "merchant_unnamed"
    message = _("Please give the merchant a name.")


class StoreTaken(Conflict):
    """The store belongs to a merchant already, or is closed."""

    code = "store_taken"
    message = _("This shop has an owner already, or is closed.")


def apply_merchant(
    *, names: Mapping[str, str], region: Region, phone: str, by: Person, at: datetime, sample: bool = False
) -> Merchant:
    """A person asks to sell: the merchant waits for the operator, and the person is its owner.

    Raises `MerchantUnnamed`.
    """
    if not any(name.strip() for name in names.values()):
        raise MerchantUnnamed
    with transaction.atomic():
        merchant = Merchant.objects.create(
            names=dict(names), region=region, phone=phone, sample=sample, applied_at=at
        )
        Staff.objects.create(person=by, merchant=merchant, role=Role.OWNER.value, since_at=at)
        audit.record(
            action="merchant.applied",
            subject=merchant.public_id,
            by=by.public_id,
            at=at,
            after={"names": dict(names), "region": region.slug},
            merchant=merchant.public_id,
        )
    return merchant


def claim_store(*, store_ref: str, merchant_ref: str, by: Person, at: datetime) -> None:
    """Give an open listing to a merchant, once. From then on imports leave it alone.

    Whoever claims is the operator or an owner of the merchant; the claim itself shows nothing to shoppers
    until the merchant is approved. Raises `Forbidden`, `NotFound`, `StoreTaken`.
    """
    with transaction.atomic():
        merchant = Merchant.objects.filter(public_id=merchant_ref).first()
        if merchant is None or not Store.objects.filter(public_id=store_ref).exists():
            raise NotFound
        owns = Staff.objects.filter(person=by, merchant=merchant, role=Role.OWNER.value, revoked_at=None)
        if not by.is_operator and not owns.exists():
            raise Forbidden
        free = Store.objects.filter(public_id=store_ref, merchant=None, state=StoreState.OPEN.value)
        if not free.update(merchant=merchant, updated_at=at):
            raise StoreTaken
        audit.record(action="store.claimed", subject=store_ref, by=by.public_id, at=at, merchant=merchant_ref)


def decide_merchant(
    *, merchant_ref: str, approve: bool, reason: str = "", by: Person, at: datetime
) -> MerchantState:
    """The operator says yes or no, and the history keeps who, when and why; the merchant's new state.

    Yes approves an application, also one refused before, and reinstates a suspended merchant. No refuses an
    application and suspends an approved merchant; it needs a reason. Raises `Forbidden`, `NotFound`,
    `ReasonMissing`, `MerchantAlreadyDecided`.
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
    return target
