"""What a merchant does with what it holds: its own facts, and its stores opened and closed."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit, outbox
from hutong.kernel.errors import Conflict, Forbidden, NotFound
from hutong.kernel.text import clean, mask_email, mask_phone
from hutong.town.merchants.models import Merchant, Store
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.rules import STORE_TRANSITIONS
from hutong.town.merchants.services.granting import MerchantUnnamed
from hutong.town.merchants.types import Right, StoreState
from hutong.town.people.models import Person
from hutong.town.people.services import normalise_email, normalise_phone


class StoreAlreadySo(Conflict):
    """The store is in that state already, or somebody changed it meanwhile."""

    code = "store_already_so"
    message = _("This store has changed meanwhile. Look at it again.")


def set_store_state(*, store_ref: str, state: StoreState, by: Person, at: datetime) -> None:
    """Close a store for a while (PAUSED) or for good (CLOSED), or open it again.

    A store that is not open is not found, sells nothing and redeems nothing; what was sold stays good in the
    other stores of its deal and can be refunded. Raises `NotFound`, `Forbidden`, `StoreAlreadySo`.
    """
    with transaction.atomic():
        store = Store.objects.filter(public_id=store_ref).select_related("merchant").first()
        if store is None or store.merchant is None:
            raise NotFound
        if not has_right(by, Right.MANAGE_MERCHANT, store.merchant.public_id):
            raise Forbidden
        if state not in STORE_TRANSITIONS[StoreState(store.state)]:
            raise StoreAlreadySo
        same = Store.objects.filter(pk=store.pk, state=store.state, merchant=store.merchant)
        if not same.update(state=state.value, updated_at=at):
            raise StoreAlreadySo
        audit.record(
            action="store.state_changed",
            subject=store_ref,
            by=by.public_id,
            at=at,
            before={"state": store.state},
            after={"state": state.value},
            merchant=store.merchant.public_id,
        )
        outbox.send("index_store", at=at, store_ref=store_ref)


def set_merchant_facts(
    *,
    merchant_ref: str,
    names: Mapping[str, str],
    legal_name: str,
    business_id: str,
    phone: str,
    email: str,
    by: Person,
    at: datetime,
) -> None:
    """What the merchant is called and how it is reached. Raises `NotFound`, `Forbidden`, `MerchantUnnamed`,
    `PhoneInvalid`, `EmailInvalid`.
    """
    phone = normalise_phone(phone) if phone.strip() else ""
    email = normalise_email(email) if email.strip() else ""
    with transaction.atomic():
        merchant = Merchant.objects.select_for_update().filter(public_id=merchant_ref).first()
        if merchant is None:
            raise NotFound
        if not has_right(by, Right.MANAGE_MERCHANT, merchant_ref):
            raise Forbidden
        given = {language: clean(name, limit=200) for language, name in names.items()}
        kept = {language: name for language, name in (merchant.names | given).items() if name}
        if not kept:
            raise MerchantUnnamed
        wanted = {
            "names": {"name": next(iter(kept.values()))} | kept,
            "legal_name": clean(legal_name, limit=200),
            "business_id": clean(business_id, limit=40),
            "phone": phone,
            "email": email,
        }
        before = {field: getattr(merchant, field) for field in wanted}
        Merchant.objects.filter(pk=merchant.pk).update(**wanted)
        audit.record(
            action="merchant.facts_changed",
            subject=merchant_ref,
            by=by.public_id,
            at=at,
            before=_masked(before),
            after=_masked(wanted),
            merchant=merchant_ref,
        )


def _masked(facts: Mapping[str, object]) -> dict[str, object]:
    return dict(facts) | {"phone": mask_phone(str(facts["phone"])), "email": mask_email(str(facts["email"]))}
