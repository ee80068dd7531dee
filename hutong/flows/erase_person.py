"""The end of an account, over all rooms: what stands in its way, asking for it, and doing it after a week.

The books stay: orders, payments, redemptions and ledger keep their rows and sums under the person's opaque id.
What says who that was goes, in one transaction.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.attract.reviews import services as reviews
from hutong.attract.saved import services as saved
from hutong.flows import points, tell
from hutong.flows import refund as refund_flow
from hutong.flows.alarms import isolated
from hutong.kernel import idempotency
from hutong.kernel.errors import Conflict
from hutong.kernel.locking import retrying
from hutong.kernel.money import Money
from hutong.know.customers import services as customers
from hutong.pay.flashsales import services as flashsales
from hutong.pay.giftcards import queries as giftcards
from hutong.pay.groups import queries as groups
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState, UnitState
from hutong.pay.payments import queries as payments
from hutong.town.merchants import queries as merchants_read
from hutong.town.merchants.services.erasure import forget_person as forget_roles
from hutong.town.merchants.types import MerchantView
from hutong.town.notifications import services as notifications
from hutong.town.people import queries as people_read
from hutong.town.people import services as people
from hutong.town.people.models import Person
from hutong.town.people.types import SignInState
from hutong.town.pictures import services as pictures
from hutong.town.regions.queries import default_region
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers import services as vouchers_services
from hutong.visit.vouchers.services import requests as voucher_requests
from hutong.visit.vouchers.types import UseState

_ALL = 10_000


class ErasureHindered(Conflict):
    """Something is open that only the person can end; the page of the account says what."""

    code = "erasure_hindered"
    message = _("Something is still open. Look at the list, end it, and ask again.")


class VouchersUnused(Conflict):
    """There are vouchers that were paid and not used, or money on gift cards: to be used or given up first."""

    code = "vouchers_unused"
    message = _("You have vouchers or a balance you did not use. Use them, or say that you give them up.")


@dataclass(frozen=True, slots=True)
class UnusedOrder:
    """An order of which something was neither enjoyed nor refunded: what it is, and what would come back."""

    order_ref: str
    titles: dict[str, str]
    uses: int
    worth: Money


@dataclass(frozen=True, slots=True)
class Hindrances:
    """What is open before an account can end.

    `unused` may be refunded or given up, and `balances`, what is left on gift cards, spent or given up. The others
    have to end first: orders that wait for their payment, refunds whose money has not arrived, merchants nobody else
    owns, a site nobody else runs.
    """

    unused: tuple[UnusedOrder, ...]
    balances: tuple[Money, ...]
    orders_open: int
    refunds_open: int
    merchants_alone: tuple[MerchantView, ...]
    operates_alone: bool

    @property
    def blocking(self) -> bool:
        """Whether there is anything that cannot be given up."""
        return bool(self.orders_open or self.refunds_open or self.merchants_alone or self.operates_alone)


def hindrances(*, person: Person, at: datetime) -> Hindrances:
    """What stands in the way of erasing `person` at `at`. Reads only; nine statements, and one for each order
    that waits for its group."""
    standing = orders.standing_of(person.pk)
    return Hindrances(
        unused=_unused(person, at),
        balances=tuple(giftcards.balances_of(person.pk)),
        orders_open=sum(state == OrderState.AWAITING_PAYMENT.value for _ref, state in standing),
        refunds_open=len(payments.open_refunds_of([order_ref for order_ref, _state in standing])),
        merchants_alone=tuple(merchants_read.owned_alone(person)),
        operates_alone=people_read.operates_alone(person),
    )


def refund_unused(*, person: Person, at: datetime) -> int:
    """Give back what was paid for everything not used, order by order; how many. Never inside a transaction.

    What the provider did not answer yet stays open, and stands in the way until it has. What no terms promise, or was
    a present, can only be given up.
    """
    done = 0
    for order in _unused(person, at, promised=True):
        # By the terms of the price nothing may come back for what is left: that can only be given up, too.
        with suppress(refund_flow.NothingComesBack):
            refund_flow.refund(
                order_ref=order.order_ref,
                unit_refs=None,
                reason="account deleted",
                by=person,
                as_operator=False,
                at=at,
            )
            done += 1
    return done


def ask(*, person: Person, sign_in: SignInState | None, give_up: bool, at: datetime) -> datetime:
    """Erase `person` in a week, and tell them by text message whatever they switched off; when.

    With `give_up` vouchers that were not used are given up: they stay in the books as they are, and whoever still
    has a code may use it until it ends. Raises CodeFirst, ErasureHindered, VouchersUnused.
    """
    open_now = hindrances(person=person, at=at)
    if open_now.blocking:
        raise ErasureHindered
    if (open_now.unused or open_now.balances) and not give_up:
        raise VouchersUnused
    region = default_region()
    with transaction.atomic():
        ends_at = people.ask_erasure(person=person, sign_in=sign_in, at=at)
        tell.erasure_asked(person=person, until=ends_at, zone=region.zone if region else "UTC", at=at)
    return ends_at


def run_due(*, at: datetime) -> int:
    """Erase everybody whose week is over and who has nothing open; how many. Safe to run several at once."""
    erased = 0
    for person_ref in people_read.due_for_erasure(at):
        with isolated("erase_person", person_ref, at=at):
            erased += erase(person_ref=person_ref, at=at)
    return erased


@retrying
def erase(*, person_ref: str, at: datetime) -> bool:
    """Erase one person in all rooms; False when they signed in again, or something is open (then later again)."""
    person = people_read.person_by_ref(person_ref)
    if person is None or hindrances(person=person, at=at).blocking:
        return False
    ways = [way for way in (person.phone, person.email) if way]
    with transaction.atomic():
        if not people.erase_person(person_ref=person_ref, at=at):
            return False
        notifications.forget(person=person)
        forget_roles(person_ref=person_ref, ways=ways, at=at)
        customers.forget_person(person_ref=person_ref, at=at)
        points.end(person_ref=person_ref, at=at)
        for review_ref in reviews.forget_person(person=person, at=at):
            pictures.show(owner_ref=review_ref, refs=[], alts={}, at=at)
        saved.forget_person(person=person)
        flashsales.forget_person(person=person)
        vouchers_services.forget_messages(person=person)
        voucher_requests.forget_person(person=person)
        idempotency.forget(actor=person_ref)
    return True


def _unused(person: Person, at: datetime, *, promised: bool = False) -> tuple[UnusedOrder, ...]:
    """Orders with uses that are ready, expired or not, and those that wait for their group; those alone whose money is
    `promised` to the person now."""
    ready: dict[str, list[str]] = {}
    titles: dict[str, dict[str, str]] = {}
    for voucher in vouchers.wallet(person, at=at, limit=_ALL):
        units = [use.unit_ref for use in voucher.uses if use.state is UseState.READY]
        if units and (voucher.gives_back or not promised):
            ready.setdefault(voucher.order_ref, []).extend(units)
            titles[voucher.order_ref] = voucher.titles
    for place in groups.waiting_of(person.pk):
        sold = [unit for unit in orders.units_of(place.order_ref) if unit.state is UnitState.SOLD]
        ready[place.order_ref] = [unit.unit_ref for unit in sold]
        titles[place.order_ref] = dict(sold[0].titles)
    paid = {
        unit.unit_ref: unit.paid for unit in orders.units([ref for units in ready.values() for ref in units])
    }
    return tuple(
        UnusedOrder(
            order_ref=order_ref,
            titles=titles[order_ref],
            uses=len(units),
            worth=sum((paid[ref] for ref in units[1:]), paid[units[0]]),
        )
        for order_ref, units in ready.items()
    )
