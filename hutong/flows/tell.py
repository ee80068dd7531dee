"""What is told when: each function says in one place what people learn of one happening, and in which words.

Those that a job calls look the facts up themselves, so that the flow where it happens writes one outbox row. The
others are called inside a flow's transaction.
"""

from datetime import datetime
from typing import Any

from hutong.flows.notify import moment, money, notify
from hutong.flows.stored_value import on_cards
from hutong.kernel.money import Money
from hutong.pay.groups import queries as groups
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import LineView, OrderView
from hutong.pay.payments.types import RefundState, RefundView
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferState
from hutong.town.contents.rules import owner_of
from hutong.town.contents.types import RevisionState, RevisionView
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.types import ClaimState, MerchantState
from hutong.town.notifications.types import Kind
from hutong.town.people import queries as people
from hutong.town.people.models import Person
from hutong.town.people.types import SignInView, TokenView
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.queries import requests
from hutong.visit.vouchers.types import ExpiringVoucher

NEW_ACCOUNT_S = 60 * 60


def order_paid(*, order_ref: str) -> None:
    """The job behind a paid order: its shopper, and the shop where it was a first sale or the last one."""
    order = orders.order_view(order_ref)
    if order is None or order.paid_at is None:
        return
    place = groups.place_of(order_ref)
    params = _of_order(order)
    if place and place.waits:
        until = moment(place.group.deadline, order.zone)
        _tell_shopper(Kind.GROUP_WAITS, order, {**params, "until": until}, order.paid_at)
    else:
        _tell_shopper(Kind.ORDER_PAID, order, params, order.paid_at)
    offers = catalog.offers_by_refs([line.offer_ref for line in order.lines])
    sold = orders.sold_by_offer(next(iter(offers.values())).merchant_id) if offers else {}
    stock = stock_of(list(offers))
    for line in order.lines:
        sales, counted = sold.get(line.offer_ref), stock.get(line.offer_ref)
        if sales is not None and sales.sold == line.quantity:
            _first_sale(order, line, order.paid_at)
        if counted is not None and counted.capacity is not None and counted.sold >= counted.capacity:
            _sold_out(order, line, counted.capacity, order.paid_at)


def group_ended(*, order_ref: str, full: bool, at: datetime) -> None:
    """A group is full, or has failed: the shopper of one of its orders is told, once."""
    order = orders.order_view(order_ref)
    if order:
        _tell_shopper(Kind.GROUP_FULL if full else Kind.GROUP_FAILED, order, _of_order(order), at)


def _of_order(order: OrderView) -> dict[str, Any]:
    return {
        "deal": dict(order.lines[0].titles),
        "merchant": dict(order.merchant_names),
        "amount": money(order.total),
        "order_ref": order.order_ref,
    }


def _tell_shopper(kind: Kind, order: OrderView, params: dict[str, Any], at: datetime) -> None:
    subject, people_told = order.order_ref, [order.person_ref]
    notify(kind, at=at, people=people_told, subject_ref=subject, params=params, once=subject)


def _first_sale(order: OrderView, line: LineView, at: datetime) -> None:
    notify(
        Kind.FIRST_SALE,
        at=at,
        merchant_ref=order.merchant_ref,
        subject_ref=line.offer_ref,
        params={"deal": dict(line.titles), "amount": money(line.total), "offer_ref": line.offer_ref},
        once=line.offer_ref,
    )


def _sold_out(order: OrderView, line: LineView, capacity: int, at: datetime) -> None:
    notify(
        Kind.SOLD_OUT,
        at=at,
        merchant_ref=order.merchant_ref,
        subject_ref=line.offer_ref,
        params={"deal": dict(line.titles), "offer_ref": line.offer_ref},
        once=f"{line.offer_ref}:{capacity}",
    )


def redeemed(
    *,
    voucher_ref: str,
    redemption_ref: str,
    person_ref: str,
    store_ref: str,
    titles: dict[str, str],
    at: datetime,
) -> None:
    """A voucher was used; its owner is told."""
    store = merchants.store_by_ref(store_ref)
    notify(
        Kind.VOUCHER_REDEEMED,
        at=at,
        people=[person_ref],
        subject_ref=voucher_ref,
        params={"deal": titles, "store": store.names if store else {}, "voucher_ref": voucher_ref},
        once=redemption_ref,
    )


def asked(*, request_ref: str, at: datetime) -> None:
    """A shop asks for leave to redeem; whoever has the phone number is told, where somebody has."""
    told = requests.told(request_ref)
    if told is None:
        return
    notify(
        Kind.VOUCHER_ASKED,
        at=at,
        people=[told[0]],
        subject_ref=request_ref,
        params={"store": told[1], "request_ref": request_ref},
        once=request_ref,
    )


def gift_opened(*, gift_ref: str, happened_at: str) -> None:
    """The job behind a present that was opened: whoever gave it is told, and not by whom."""
    gift = vouchers.gift_by_ref(gift_ref)
    if gift is None:
        return
    notify(
        Kind.GIFT_OPENED,
        at=datetime.fromisoformat(happened_at),
        people=[gift.giver_ref],
        subject_ref=gift_ref,
        params={"deal": gift.titles, "voucher_ref": gift.voucher_ref},
        once=gift_ref,
    )


def extended(*, voucher_refs: list[str], happened_at: str) -> None:
    """The job behind vouchers that hold longer: each owner is told until when."""
    for one in vouchers.ending(voucher_refs):
        voucher_ends(Kind.VOUCHER_EXTENDED, one, at=datetime.fromisoformat(happened_at))


def voucher_ends(kind: Kind, voucher: ExpiringVoucher, *, at: datetime) -> None:
    """Its owner learns until when a voucher holds: that it holds longer, or that it ends soon."""
    notify(
        kind,
        at=at,
        people=[voucher.person_ref],
        subject_ref=voucher.voucher_ref,
        params={
            "deal": voucher.titles,
            "merchant": voucher.merchant_names,
            "until": moment(voucher.valid_until, voucher.zone),
            "voucher_ref": voucher.voucher_ref,
        },
        once=end_of(voucher),
    )


def end_of(voucher: ExpiringVoucher) -> str:
    """Names a voucher's end: one that was extended is told of again."""
    return f"{voucher.voucher_ref}:{voucher.valid_until:%Y%m%d}"


def refund_ended(refund: RefundView, *, person_ref: str, merchant_ref: str, at: datetime) -> None:
    """A provider sent money back, or could not; the shopper is told either, with what of it is on gift cards again."""
    if refund.state not in (RefundState.DONE, RefundState.FAILED):
        return
    names = _merchant_names(merchant_ref)
    about = {"merchant": names, "order_ref": refund.order_ref}
    on_card = on_cards(refund)
    if on_card and refund.state is RefundState.DONE:
        amounts = {
            "amount": money(refund.amount + on_card),
            "to_card": money(on_card),
            "sent": money(refund.amount),
        }
        kind = Kind.REFUND_IN_PARTS
    else:
        amounts = {"amount": money(refund.amount)}
        kind = Kind.REFUND_DONE if refund.state is RefundState.DONE else Kind.REFUND_FAILED
        if on_card:
            _back_on_cards(on_card, about, refund.ref, person_ref, at)
    notify(
        kind, at=at, people=[person_ref], subject_ref=refund.ref, params={**about, **amounts}, once=refund.ref
    )


def refunded_to_cards(refund: RefundView, *, person_ref: str, merchant_ref: str, at: datetime) -> None:
    """All of a refund is on gift cards again: nothing is left for a bank to bring."""
    about = {"merchant": _merchant_names(merchant_ref), "order_ref": refund.order_ref}
    _back_on_cards(refund.amount, about, refund.ref, person_ref, at)


def _back_on_cards(amount: Money, about: dict[str, Any], ref: str, person_ref: str, at: datetime) -> None:
    notify(
        Kind.REFUND_TO_CARD,
        at=at,
        people=[person_ref],
        subject_ref=ref,
        params={**about, "amount": money(amount)},
        once=ref,
    )


def _merchant_names(merchant_ref: str) -> dict[str, str]:
    merchant = merchants.merchant_by_ref(merchant_ref)
    return dict(merchant.names) if merchant else {}


def merchant_decided(*, merchant_ref: str, reason: str, at: datetime) -> None:
    """The operator's word on a merchant, to those who look after it."""
    merchant = merchants.merchant_by_ref(merchant_ref)
    kinds = {
        MerchantState.APPROVED: Kind.MERCHANT_APPROVED,
        MerchantState.REJECTED: Kind.MERCHANT_REJECTED,
        MerchantState.SUSPENDED: Kind.MERCHANT_SUSPENDED,
    }
    if merchant is None or merchant.state not in kinds:
        return
    notify(
        kinds[merchant.state],
        at=at,
        merchant_ref=merchant_ref,
        subject_ref=merchant_ref,
        params={"merchant": merchant.names, "reason": reason},
    )


def offer_decided(*, offer_ref: str, reason: str, at: datetime) -> None:
    """The operator's word on a deal: on sale, not approved, or taken off."""
    offer, moves = catalog.offer_by_ref(offer_ref), catalog.offer_history(offer_ref)
    if offer is None or not moves:
        return
    if offer.state is OfferState.LIVE:
        kind = Kind.DEAL_APPROVED
    else:
        kind = Kind.DEAL_REJECTED if moves[-1].from_state is OfferState.SUBMITTED else Kind.DEAL_TAKEN_OFF
    notify(
        kind,
        at=at,
        merchant_ref=offer.merchant_ref,
        subject_ref=offer_ref,
        params={"deal": offer.titles, "reason": reason, "offer_ref": offer_ref},
    )


def contents_decided(revision: RevisionView, *, at: datetime) -> None:
    """The operator's word on what a shop wrote, to those who look after its page."""
    if not revision.merchant_ref:
        return
    owner_ref = owner_of(revision.subject_ref)
    store = merchants.store_by_ref(owner_ref) if owner_ref.startswith("sto_") else None
    offer = None if store else catalog.offer_by_ref(owner_ref)
    published = revision.state is RevisionState.PUBLISHED
    notify(
        Kind.CONTENT_APPROVED if published else Kind.CONTENT_REJECTED,
        at=at,
        merchant_ref=revision.merchant_ref,
        store_ref=store.ref if store else "",
        subject_ref=revision.ref,
        params={
            "store": store.names if store else offer.titles if offer else {},
            "reason": revision.reason,
        },
    )


def claim_decided(*, claim_ref: str, reason: str, at: datetime) -> None:
    """The operator's word on a claim, to who made it."""
    claim = merchants.claim_view(claim_ref)
    if claim is None or claim.state not in (ClaimState.APPROVED, ClaimState.REJECTED):
        return
    approved = claim.state is ClaimState.APPROVED
    notify(
        Kind.CLAIM_APPROVED if approved else Kind.CLAIM_REJECTED,
        at=at,
        people=[claim.person_ref],
        subject_ref=claim_ref,
        params={"store": claim.store_names, "reason": reason},
    )


def acting_started(*, merchant_ref: str, reason: str, by: Person, at: datetime) -> None:
    """An operator acts for a merchant from now on."""
    merchant = merchants.merchant_by_ref(merchant_ref)
    notify(
        Kind.PLATFORM_ACTING,
        at=at,
        merchant_ref=merchant_ref,
        subject_ref=merchant_ref,
        params={"merchant": merchant.names if merchant else {}, "reason": reason},
        but=by.public_id,
    )


def signed_in(*, person: Person, sign_in_ref: str, at: datetime) -> None:
    """Somebody signed in with a browser; told where the account is not new and none such is signed in already."""
    found = {one.ref: _browser(one) for one in people.sign_ins_of(person, at)}
    this = found.pop(sign_in_ref, None)
    if this is not None:
        _new_way_in(person, sign_in_ref, this, set(found.values()), at)


def token_made(*, person: Person, token_ref: str, at: datetime) -> None:
    """A program signed in as somebody; told where the account is not new and none of that name has a token already."""
    found = {one.ref: _program(one) for one in people.tokens_of(person.public_id, at)}
    this = found.pop(token_ref, None)
    if this is not None:
        _new_way_in(person, token_ref, this, set(found.values()), at)


def _browser(one: SignInView) -> str:
    return " · ".join(part for part in (one.browser, one.system) if part) or "?"


def _program(one: TokenView) -> str:
    return "API" if one.name == "API" else f"API · {one.name}"


def _new_way_in(person: Person, ref: str, name: str, known: set[str], at: datetime) -> None:
    is_new = (at - person.created_at).total_seconds() < NEW_ACCOUNT_S
    if name in known or (is_new and not known):
        return
    notify(
        Kind.NEW_SIGN_IN,
        at=at,
        people=[person.public_id],
        subject_ref=ref,
        params={"browser": name},
        once=ref,
    )


def phone_changed(*, person: Person, at: datetime) -> None:
    """A person signs in with another number; only its end is told."""
    notify(Kind.PHONE_CHANGED, at=at, people=[person.public_id], params={"ending": (person.phone or "")[-3:]})


def email_changed(*, person: Person, at: datetime) -> None:
    """A person proved another address."""
    notify(Kind.EMAIL_CHANGED, at=at, people=[person.public_id])


def erasure_asked(*, person: Person, until: datetime, zone: str, at: datetime) -> None:
    """An account will end at `until`."""
    notify(Kind.ERASURE_ASKED, at=at, people=[person.public_id], params={"until": moment(until, zone)})


def erasure_cancelled(*, person: Person, at: datetime) -> None:
    """An account that was to end stays."""
    notify(Kind.ERASURE_CANCELLED, at=at, people=[person.public_id])
