"""Somebody takes over a listing: a code spoken to the shop's phone or mailed to it, or a document."""

import secrets
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.budget import spend
from hutong.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hutong.kernel.rows import row
from hutong.kernel.secret import keyed_hex
from hutong.kernel.text import clean, mask_email, mask_phone
from hutong.town.contents.services import ReasonMissing
from hutong.town.merchants import rules
from hutong.town.merchants.models import Claim, Merchant, Store
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.services import documents
from hutong.town.merchants.services.granting import HELD, StoreTaken, attach, make_merchant, move_to
from hutong.town.merchants.types import (
    ClaimEvent,
    ClaimKind,
    ClaimMethod,
    ClaimState,
    MerchantState,
    Right,
    StoreState,
)
from hutong.town.people.models import Person
from hutong.town.people.senders import chosen_caller
from hutong.town.people.services import PhoneInvalid, mail, normalise_email, normalise_phone
from hutong.town.regions.queries import feature_on
from hutong.town.regions.types import Feature

DAY_S = 86_400
LIVE = [ClaimState.OPEN.value, ClaimState.WAITING.value]

# The whole guess is one statement: a wrong one costs a try, however many come at one moment.
_GUESS = """
UPDATE merchants_claim
SET tries_left = CASE WHEN code_hmac = %(guess)s THEN tries_left ELSE tries_left - 1 END
WHERE id = %(claim_id)s AND state IN ('open', 'waiting') AND code_hmac <> '' AND tries_left > 0
  AND code_expires_at > %(at)s
RETURNING code_hmac = %(guess)s AS is_right, tries_left
"""


class ClaimsClosed(Forbidden):
    """The operator of this town takes no claims at present."""

    code = "claims_closed"
    message = _("Shops cannot be claimed here at present. Please ask the platform.")


class ClaimImpossible(Invalid):
    """The listing has nothing to which a code could be sent in this way."""

    code = "claim_impossible"
    message = _("This shop cannot be proved in this way. Choose another one.")


class EmailElsewhere(Invalid):
    """The mailbox does not belong to the shop as far as its listing tells."""

    code = "email_elsewhere"
    message = _("This address is not at the shop's own domain. Use one that is, or send a document.")


class ClaimCodeWrong(Invalid):
    """The code is not the one that was given; `tries_left` says how many tries remain."""

    code = "claim_code_wrong"
    message = _("This code is not right. Tries left: %(tries_left)s.")


class ClaimCodeOver(Invalid):
    """There is no code to try any more: too old, or out of tries."""

    code = "claim_code_over"
    status = 410
    message = _("This code no longer works. Ask for a new one.")


class ClaimDecided(Conflict):
    """The claim is not open any more."""

    code = "claim_decided"
    message = _("This claim has been decided already.")


class StoreYours(Conflict):
    """Who claims has the store already."""

    code = "store_yours"
    message = _("This shop is yours already.")


def start_claim(
    *,
    store_ref: str,
    merchant_ref: str | None,
    method: ClaimMethod,
    email: str = "",
    by: Person,
    address: str,
    language: str,
    at: datetime,
) -> str:
    """Send a code to the shop itself, and tell the claim's ref; a claim that is open already is gone on with.

    PHONE has it spoken to the number of the listing, EMAIL mails it to `email`, which has to be the shop's.
    Without a merchant a new one is made when the code is right. `address` is the client's. Raises `NotFound`,
    `ClaimsClosed`, `StoreTaken`, `Forbidden`, `ClaimImpossible`, `EmailElsewhere`, `TooMany`, and what the
    senders raise. Must not run inside a transaction: budgets survive, and a sender may be slow.
    """
    store = _claimable(store_ref, address, at)
    if store.merchant_id is not None or store.state != StoreState.OPEN.value:
        raise StoreTaken
    merchant = _own_merchant(merchant_ref, by)
    to = _target(store, method, email)
    _spend("person", by.public_id, rules.CLAIM_CODES_A_DAY, at)
    # What the shop is bothered with counts for the shop, whoever asks.
    _spend(method.value, to, rules.CLAIM_CALLS_A_DAY, at)
    code = f"{secrets.randbelow(1_000_000):06d}"
    with transaction.atomic():
        claim = _live_claim(store, by, method, at)
        Claim.objects.filter(pk=claim.pk).update(
            merchant=merchant,
            method=method.value,
            sent_to=mask_phone(to) if method is ClaimMethod.PHONE else mask_email(to),
            code_hmac=_code_hmac(claim, code),
            tries_left=rules.CLAIM_TRIES,
            code_expires_at=at + rules.CLAIM_CODE_LIFETIME,
        )
        _record("claim.code_sent", claim, by, at, after={"method": method.value})
    if method is ClaimMethod.PHONE:
        chosen_caller().call(to=to, digits=code, language=language, at=at)
    else:
        body = gettext(
            "%(code)s is the code to take over “%(shop)s”. It works for 15 minutes.\n\n"
            "If nobody of your shop asked for it, you need not do anything."
        )
        shop = store.names.get("name", "")
        mail(
            to=to,
            subject=gettext("Take over your shop on %(site)s"),
            body=body % {"code": code, "shop": shop},
        )
    return claim.public_id


def prove_claim(*, claim_ref: str, code: str, by: Person, at: datetime) -> str:
    """The code that was given to the shop makes it the claimant's at once; the merchant's ref.

    Raises `NotFound`, `ClaimCodeWrong` (a try is spent, even if this request fails afterwards),
    `ClaimCodeOver`, `StoreTaken` when somebody else was faster. Must not run inside a transaction.
    """
    claim = _claims().filter(public_id=claim_ref, person=by).first()
    if claim is None:
        raise NotFound
    guess = _code_hmac(claim, "".join(code.split()))
    with transaction.atomic(durable=True):
        tried = row(_GUESS, {"guess": guess, "claim_id": claim.pk, "at": at})
    if tried is None:
        raise ClaimCodeOver
    if not tried["is_right"]:
        raise ClaimCodeWrong(tries_left=tried["tries_left"])
    with transaction.atomic():
        merchant = claim.merchant or _new_merchant(claim, at)
        attach(store=claim.store, merchant=merchant, by=by, at=at)
        _move(claim, ClaimEvent.PROVE, merchant=merchant, decided_at=at, code_hmac="")
        _record("claim.proved", claim, by, at, after={"method": claim.method}, merchant=merchant)
    return merchant.public_id


def submit_document(
    *,
    store_ref: str,
    merchant_ref: str | None,
    data: bytes,
    note: str,
    by: Person,
    address: str,
    at: datetime,
) -> str:
    """Ask the operator to decide by a document; the claim's ref. For a store somebody has it is a dispute.

    Raises `NotFound`, `ClaimsClosed`, `StoreYours`, `StoreTaken` (closed for good), `Forbidden`,
    `DocumentInvalid`, `TooMany`, and what `pictures` raises.
    """
    store = _claimable(store_ref, address, at)
    if store.state not in HELD:
        raise StoreTaken
    owner_ref = store.merchant.public_id if store.merchant else None
    if owner_ref and has_right(by, Right.MANAGE_MERCHANT, owner_ref):
        raise StoreYours
    merchant = _own_merchant(merchant_ref, by)
    _spend("document", by.public_id, rules.CLAIM_DOCUMENTS_A_DAY, at)
    media_type, kept = documents.checked(data)
    with transaction.atomic():
        claim = _live_claim(store, by, ClaimMethod.DOCUMENT, at)
        _move(
            claim,
            ClaimEvent.SUBMIT,
            merchant=merchant,
            method=ClaimMethod.DOCUMENT.value,
            kind=(ClaimKind.DISPUTE if owner_ref else ClaimKind.CLAIM).value,
            media_type=media_type,
            note=clean(note, limit=500),
            submitted_at=at,
        )
        documents.keep(claim.public_id, media_type, kept)
        _record("claim.submitted", claim, by, at, after={"disputed": owner_ref is not None})
    return claim.public_id


def withdraw_claim(*, claim_ref: str, by: Person, at: datetime) -> None:
    """The claimant lets go of a claim; its document is deleted. Raises `NotFound`, `ClaimDecided`."""
    with transaction.atomic():
        claim = _claims().filter(public_id=claim_ref, person=by).first()
        if claim is None:
            raise NotFound
        _move(claim, ClaimEvent.WITHDRAW, decided_at=at, code_hmac="", media_type="")
        _record("claim.withdrawn", claim, by, at)
        transaction.on_commit(lambda: documents.forget(claim_ref))


def decide_claim(*, claim_ref: str, approve: bool, reason: str = "", by: Person, at: datetime) -> ClaimState:
    """The operator's word on a document; its new state. No needs a reason, which the claimant reads.

    Yes gives the listing to the claimant's merchant, made now where there is none. Where somebody else has
    the store, it moves: see `granting.move_to`. Raises `Forbidden`, `NotFound`, `ReasonMissing`,
    `ClaimDecided`, `StoreTaken`.
    """
    if not by.is_operator:
        raise Forbidden
    reason = reason.strip()[:500]
    if not approve and not reason:
        raise ReasonMissing
    with transaction.atomic():
        claim = _claims().filter(public_id=claim_ref).first()
        if claim is None:
            raise NotFound
        changes: dict[str, Any] = {"decided_at": at, "decided_by": by, "reason": reason, "code_hmac": ""}
        if approve:
            merchant = changes["merchant"] = claim.merchant or _new_merchant(claim, at)
            if claim.store.merchant_id is None:
                attach(store=claim.store, merchant=merchant, by=by, at=at)
            elif claim.store.merchant_id != merchant.pk:
                changes["store"] = move_to(merchant, store=claim.store, by=by, at=at)
        state = _move(claim, ClaimEvent.APPROVE if approve else ClaimEvent.REJECT, **changes)
        _record(f"claim.{state.value}", claim, by, at, merchant=changes.get("merchant"), reason=reason)
    return state


def _claimable(store_ref: str, address: str, at: datetime) -> Store:
    store = Store.objects.filter(public_id=store_ref).select_related("region", "merchant").first()
    if store is None:
        raise NotFound
    if not feature_on(store.region_id, Feature.CLAIMS):
        raise ClaimsClosed
    _spend("address", address, rules.CLAIMS_PER_ADDRESS_A_DAY, at)
    return store


def _own_merchant(merchant_ref: str | None, by: Person) -> Merchant | None:
    """The chain that the store is to join; None for a new merchant. Raises `Forbidden`."""
    if not merchant_ref:
        return None
    joinable = [MerchantState.APPLIED.value, MerchantState.APPROVED.value]
    merchant = Merchant.objects.filter(public_id=merchant_ref, state__in=joinable).first()
    if merchant is None or not has_right(by, Right.MANAGE_MERCHANT, merchant_ref):
        raise Forbidden
    return merchant


def _new_merchant(claim: Claim, at: datetime) -> Merchant:
    store = claim.store
    phone = claim.person.phone or ""
    return make_merchant(names=store.names, region=store.region, phone=phone, by=claim.person, at=at)


def _target(store: Store, method: ClaimMethod, email: str) -> str:
    """Where the code goes. Raises `ClaimImpossible`, `EmailElsewhere`, `EmailInvalid`."""
    if method is ClaimMethod.PHONE and store.phone:
        try:
            return normalise_phone(store.phone)
        except PhoneInvalid as error:
            raise ClaimImpossible from error
    if method is not ClaimMethod.EMAIL:
        raise ClaimImpossible
    address = normalise_email(email or store.email)
    if not rules.email_proves(address, website=store.website, email=store.email):
        raise EmailElsewhere
    return address


def _live_claim(store: Store, person: Person, method: ClaimMethod, at: datetime) -> Claim:
    """The open claim of a person to a store, made now where there is none."""
    claim, _made = Claim.objects.get_or_create(
        store=store, person=person, state__in=LIVE, defaults={"method": method.value, "created_at": at}
    )
    return claim


def _move(claim: Claim, event: ClaimEvent, **changes: Any) -> ClaimState:
    """Write the next state, guarded by the present one. Raises `ClaimDecided`."""
    target = rules.next_claim_state(ClaimState(claim.state), event)
    if target is None or not Claim.objects.filter(pk=claim.pk, state=claim.state).update(
        state=target.value, **changes
    ):
        raise ClaimDecided
    return target


def _claims() -> QuerySet[Claim]:
    return Claim.objects.select_related("store", "store__region", "merchant", "person")


def _code_hmac(claim: Claim, code: str) -> str:
    return keyed_hex("merchants.claim", f"{claim.public_id} {code}")


def _spend(what: str, key: str, limit: int, at: datetime) -> None:
    """Take one from a day's budget. The key is a keyed hash: budgets outlive a number that is erased."""
    hidden = keyed_hex("merchants.budget", f"{what} {key}")
    spend(f"claims.{what}:{hidden}", limit=limit, window_s=DAY_S, at=at)


def _record(
    action: str,
    claim: Claim,
    by: Person,
    at: datetime,
    *,
    after: dict[str, Any] | None = None,
    merchant: Merchant | None = None,
    reason: str = "",
) -> None:
    owner = merchant or claim.merchant
    audit.record(
        action=action,
        subject=claim.public_id,
        by=by.public_id,
        at=at,
        after={"store": claim.store.public_id} | (after or {}),
        merchant=owner.public_id if owner else "",
        reason=reason,
    )
