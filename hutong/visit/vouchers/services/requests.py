"""A shop asks for leave to redeem, by a phone number. The answer to the shop is the same for every number."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import budget, live
from hutong.kernel.errors import Conflict, NotFound
from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.kernel.rows import execute, row
from hutong.kernel.secret import keyed_hex
from hutong.town.merchants.models import Device, Store
from hutong.town.people.models import Person
from hutong.visit.vouchers import rules
from hutong.visit.vouchers.models import RedemptionRequest
from hutong.visit.vouchers.queries import requests as queries
from hutong.visit.vouchers.types.requests import RequestForShop, RequestState, Taken

_ENDING = 3

# Whoever confirms, takes back or says no: the first has it, and the others find no row.
_TAKE = """
UPDATE vouchers_redemptionrequest r SET closed_at = %(at)s
FROM merchants_store s WHERE r.public_id = %(ref)s AND r.person_id = %(person_id)s::int8 AND s.id = r.store_id
  AND r.closed_at IS NULL AND r.refused_at IS NULL AND r.ends_at > %(at)s
RETURNING r.public_id AS ref, s.public_id AS store_ref, r.asked_by_id, r.uses, r.bill, r.bill_unit,
  (SELECT d.public_id FROM merchants_device d WHERE d.id = r.device_id) AS device_ref
"""
_REFUSE = """
UPDATE vouchers_redemptionrequest SET refused_at = %(at)s
WHERE public_id = %(ref)s AND person_id = %(person_id)s::int8 AND closed_at IS NULL AND refused_at IS NULL
  AND ends_at > %(at)s
"""
_WITHDRAW = """
UPDATE vouchers_redemptionrequest SET closed_at = %(at)s
WHERE public_id = %(ref)s AND actor_ref = %(actor_ref)s AND closed_at IS NULL
"""
_CLOSE_LATE = """
UPDATE vouchers_redemptionrequest SET closed_at = ends_at
WHERE actor_ref = %(actor_ref)s AND closed_at IS NULL AND ends_at <= %(at)s
"""


class RequestOpen(Conflict):
    """The device asks already, and waits for an answer: `request_ref`."""

    code = "request_open"
    message = _("You are already asking somebody. Wait for the answer, or take the question back.")


class RequestOver(Conflict):
    """It was confirmed or taken back, somebody said no, or its time is over: `state`."""

    code = "request_over"
    message = _("This question is over. Nothing was used. The shop can ask again.")


def topic(person_ref: str) -> str:
    """What open pages of a person listen to, to learn that a shop asks."""
    return f"requests:{person_ref}"


def spend_budgets(*, phone: str, actor_ref: str, merchant_ref: str, address: str, at: datetime) -> None:
    """Count a question against what a device, a merchant, an address and a number may have; raises `TooMany`.

    It counts before anybody looks whether the number has an owner. Outside any transaction, as `guessing_stopped`. The
    number is counted by a keyed hash: budgets outlive an erased phone.
    """
    person = keyed_hex("vouchers.request", phone)[:40]
    budget.spend_all(
        {
            f"request:{actor_ref}": rules.REQUESTS_OWN,
            f"request:{merchant_ref}": rules.REQUESTS_SHARED,
            f"request:at:{address}": rules.REQUESTS_SHARED,
            f"request:to:{person}": rules.REQUESTS_TO_ONE,
            f"request:to:{person}:{merchant_ref}": rules.REQUESTS_TO_ONE_BY_ONE,
        },
        window_s=rules.FAILURE_WINDOW_S,
        at=at,
    )


def ask(
    *,
    person: Person | None,
    phone: str,
    store: Store,
    actor_ref: str,
    device: Device | None,
    by: Person | None,
    nonce: str,
    uses: int,
    bill: Money | None,
    at: datetime,
) -> RequestForShop:
    """Ask `person`, who signs in with `phone`, or nobody at all: the same rows and the same answer.

    It ends by itself after `rules.REQUEST_LASTS`. The same nonce again gets the same request. Raises `RequestOpen` while
    another of this device or person is not over.
    """
    if not 1 <= len(nonce) <= 80:
        raise ValueError("a question has a nonce of at most 80 symbols")
    before = queries.by_nonce(actor_ref, nonce, at=at)
    if before:
        return before
    ref = new_id("rrq")
    try:
        with transaction.atomic():
            execute(_CLOSE_LATE, {"actor_ref": actor_ref, "at": at})
            RedemptionRequest.objects.create(
                public_id=ref,
                person=person,
                ending=phone[-_ENDING:],
                store=store,
                device=device,
                asked_by=by,
                actor_ref=actor_ref,
                nonce=nonce,
                uses=uses,
                bill=bill.minor if bill else None,
                bill_unit=bill.unit if bill else "",
                asked_at=at,
                ends_at=at + rules.REQUEST_LASTS,
            )
            # Nobody listens where nobody is asked; that takes as long.
            live.hint(topic(person.public_id if person else ref))
    except IntegrityError as error:
        before = queries.by_nonce(actor_ref, nonce, at=at)
        if before:
            return before  # the same click, twice
        open_now = queries.open_of(actor_ref, at=at)
        raise RequestOpen(request_ref=open_now.ref if open_now else "") from error
    asked = queries.for_shop(ref, actor_ref, at=at)
    assert asked is not None, "it was written just now"
    return asked


def take(*, request_ref: str, by: Person, at: datetime) -> Taken:
    """Take a request to be confirmed, once, inside the caller's transaction, which redeems and then calls `confirmed`.

    Raises `NotFound` for another person's, and `RequestOver` for one that is over, whichever way.
    """
    taken = row(_TAKE, {"ref": request_ref, "person_id": by.pk, "at": at})
    if taken is None:
        raise _over(request_ref, by, at)
    bill, unit = taken.pop("bill"), taken.pop("bill_unit")
    return Taken(**taken, bill=Money(bill, unit) if unit else None)


def confirmed(*, request_ref: str, redemption_ref: str) -> None:
    """What was taken became a redemption."""
    RedemptionRequest.objects.filter(public_id=request_ref).update(redemption_ref=redemption_ref)
    live.hint(request_ref)


def refuse(*, request_ref: str, by: Person, at: datetime) -> None:
    """The person says no. The shop is not told: for it the question ends as one that nobody answers.

    Again: nothing happens. Raises `NotFound` for another person's, `RequestOver` for one that is over.
    """
    if execute(_REFUSE, {"ref": request_ref, "person_id": by.pk, "at": at}):
        return
    over = _over(request_ref, by, at)
    if not (isinstance(over, RequestOver) and over.details["state"] == RequestState.REFUSED.value):
        raise over


def withdraw(*, request_ref: str, actor_ref: str, at: datetime) -> RequestForShop:
    """Take a question back; what it is now, which is confirmed where the person was faster.

    Raises `NotFound` for another device's.
    """
    with transaction.atomic():
        execute(_WITHDRAW, {"ref": request_ref, "actor_ref": actor_ref, "at": at})
        live.hint(request_ref)
    found = queries.for_shop(request_ref, actor_ref, at=at)
    if found is None:
        raise NotFound
    return found


def clear_out(*, at: datetime) -> int:
    """Forget questions that came to nothing, a month later; how many."""
    late = RedemptionRequest.objects.filter(redemption_ref="", asked_at__lt=at - rules.REQUEST_KEPT)
    return late.delete()[0]


def forget_person(*, person: Person) -> None:
    """Forget what was asked of somebody whose account ends, but for what became a redemption: that keeps no digits."""
    asked = RedemptionRequest.objects.filter(person=person)
    asked.filter(redemption_ref="").delete()
    asked.update(ending="")


def _over(request_ref: str, by: Person, at: datetime) -> NotFound | RequestOver:
    found = queries.for_owner(request_ref, by, at=at)
    return RequestOver(state=found.state.value) if found else NotFound()
