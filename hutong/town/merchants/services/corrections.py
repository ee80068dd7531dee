"""What an operator puts right: a decision made by mistake, and the facts a merchant is known by."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, Invalid, NotFound
from hutong.kernel.text import clean, mask_email, mask_phone
from hutong.town.contents.services import ReasonMissing, TooLateToTakeBack
from hutong.town.merchants.models import Merchant, MerchantDecision
from hutong.town.merchants.queries import merchant_history
from hutong.town.merchants.rules import may_take_back
from hutong.town.merchants.services.decisions import MerchantAlreadyDecided, MerchantUnnamed
from hutong.town.merchants.services.granting import release_listings, restore_listings
from hutong.town.merchants.types import MerchantState
from hutong.town.people.models import Person

FACTS = {"legal_name": 200, "business_id": 40, "phone": 40, "email": 254}


class FactUnknown(Invalid):
    """A fact that a merchant does not have, or one that is too long."""

    code = "fact_unknown"
    message = _("Please check what you typed.")


def take_back_decision(*, merchant_ref: str, by: Person, at: datetime) -> MerchantState:
    """Undo the last decision about a merchant within five minutes; the state it has again.

    Raises `Forbidden`, `NotFound`, `TooLateToTakeBack`, `MerchantAlreadyDecided`.
    """
    if not by.is_operator:
        raise Forbidden
    with transaction.atomic():
        merchant = Merchant.objects.filter(public_id=merchant_ref).first()
        if merchant is None:
            raise NotFound
        moves = merchant_history(merchant_ref)
        state = MerchantState(merchant.state)
        if not moves or not may_take_back(moves[0], state, at=at):
            raise TooLateToTakeBack
        back = moves[0].from_state
        # an applied merchant was never decided; of the others the decision before holds again
        before = next((move for move in moves[1:] if move.to_state is back), None)
        if back is MerchantState.APPLIED:
            before = None
        moved = Merchant.objects.filter(pk=merchant.pk, state=state.value).update(
            state=back.value,
            decided_at=before.at if before else None,
            decision_reason=before.reason if before else "",
        )
        if not moved:
            raise MerchantAlreadyDecided
        MerchantDecision.objects.create(
            merchant=merchant, from_state=state.value, to_state=back.value, by=by, at=at
        )
        if state is MerchantState.REJECTED:
            restore_listings(merchant, by=by, at=at)
        if back is MerchantState.REJECTED:
            release_listings(merchant, by=by, at=at)
        audit.record(
            action="merchant.decision_taken_back",
            subject=merchant_ref,
            by=by.public_id,
            at=at,
            before={"state": state.value},
            after={"state": back.value},
            merchant=merchant_ref,
        )
    return back


def correct_merchant(
    *,
    merchant_ref: str,
    names: Mapping[str, str],
    facts: Mapping[str, str],
    reason: str,
    by: Person,
    at: datetime,
) -> None:
    """An operator writes down a merchant's names and legal facts anew, with the reason; the log keeps both.

    `facts` are some of `FACTS`. Raises `Forbidden`, `NotFound`, `MerchantUnnamed`, `ReasonMissing`,
    `FactUnknown`.
    """
    if not by.is_operator:
        raise Forbidden
    kept = {key: clean(name, limit=120) for key, name in names.items() if name.strip()}
    if not kept:
        raise MerchantUnnamed
    if not reason.strip():
        raise ReasonMissing
    if any(name not in FACTS or len(value) > FACTS[name] for name, value in facts.items()):
        raise FactUnknown
    wanted = {name: clean(value, limit=FACTS[name]) for name, value in facts.items()}
    with transaction.atomic():
        merchant = Merchant.objects.select_for_update().filter(public_id=merchant_ref).first()
        if merchant is None:
            raise NotFound
        before = {"names": merchant.names, **{name: getattr(merchant, name) for name in wanted}}
        Merchant.objects.filter(pk=merchant.pk).update(names=kept, **wanted)
        audit.record(
            action="merchant.facts_changed",
            subject=merchant_ref,
            by=by.public_id,
            at=at,
            before=_masked(before),
            after=_masked({"names": kept, **wanted}, unlike=before),
            merchant=merchant_ref,
            reason=reason.strip(),
        )


def _masked(facts: Mapping[str, object], unlike: Mapping[str, object] | None = None) -> dict[str, object]:
    """Facts as the log may hold them: it outlives the people whose numbers they are.

    A number that differs from the one in `unlike` behind the same mask is marked, so that the change is seen.
    """
    masks = {"phone": mask_phone, "email": mask_email}
    shown: dict[str, object] = {}
    for name, value in facts.items():
        mask = masks.get(name)
        shown[name] = mask(str(value)) if mask and value else value
        before = unlike.get(name) if unlike else None
        if mask and before and before != value and mask(str(before)) == shown[name]:
            shown[name] = f"{shown[name]} *"
    return shown
