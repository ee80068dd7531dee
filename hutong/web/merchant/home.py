"""What needs doing in a shop, the most pressing first: for those who may do something about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hutong.attract.reviews.queries import unanswered_count
from hutong.flows.checklist import checklist
from hutong.pay.orders.queries import merchant_of_orders
from hutong.pay.payments.queries import open_refunds
from hutong.town.catalog.queries import sketches
from hutong.town.catalog.types import OfferState, OfferView
from hutong.town.contents.queries import unsettled_of
from hutong.town.contents.types import RevisionState, RevisionView, SubjectKind
from hutong.town.merchants.queries import invitations_of, merchant_by_ref
from hutong.town.merchants.types import CheckLine, MerchantState, Right
from hutong.visit.vouchers.queries import unused_by_week
from hutong.web.merchant.access import Desk

SOON = timedelta(days=7)
NEW_DEAL = "merchant_deal_new"


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do: its picture and kind (bad, wait or info), what it is, a word more, and where it is done.

    `names` is a title by language that stands behind the words; `url` may be empty.
    """

    icon: str
    kind: str
    words: str
    url: str
    names: dict[str, str] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the platform said of the shop. `again`: whether the reader may ask it to look once more."""

    kind: str
    title: str
    text: str
    note: str = ""
    again: bool = False


def checks(desk: Desk) -> list[CheckLine]:
    """What the platform looks at before it approves the shop; empty once it is approved."""
    if desk.approved or not desk.may(Right.EDIT_DEALS, everywhere=True):
        return []
    return checklist(desk.merchant_ref)


def todos(desk: Desk, offers: Sequence[OfferView], at: datetime) -> list[Todo]:
    """Everything that waits for somebody at this desk. At most eight statements."""
    found: list[Todo] = []
    if desk.may(Right.EDIT_DEALS, everywhere=True):
        found += _deals(desk, offers)
        found += [_revision(each, offers) for each in unsettled_of(desk.merchant_ref)]
        found += _drafts(desk)
        found += _expiring(desk, at)
    if desk.may(Right.EDIT_STORE):
        found += _store(desk)
    if desk.may(Right.ANSWER_REVIEWS):
        found += _reviews(desk)
    if desk.may(Right.SEE_ORDERS, everywhere=True):
        found += _refunds(desk)
    if desk.may(Right.MANAGE_TEAM, everywhere=True):
        found += _invitations(desk, at)
    order = ("bad", "wait", "info")
    return sorted(found, key=lambda todo: order.index(todo.kind))


def _deals(desk: Desk, offers: Sequence[OfferView]) -> list[Todo]:
    words = {
        OfferState.REJECTED: ("x", "bad", _("The platform refused this deal: mend it and hand it in again")),
        OfferState.SUBMITTED: ("hourglass", "info", _("Waits for the platform")),
        OfferState.PAUSED: ("pause", "wait", _("Paused: nobody can buy it")),
    }
    found = [
        Todo(*words[offer.state], reverse("merchant_deal", args=[offer.ref]), offer.titles)
        for offer in offers
        if offer.state in words
    ]
    # Before approval the checklist asks for the first one.
    if desk.approved and not any(offer.state is not OfferState.ENDED for offer in offers):
        found.append(Todo("tag", "wait", _("Make your first deal: it takes five minutes"), reverse(NEW_DEAL)))
    return found


def _revision(revision: RevisionView, offers: Sequence[OfferView]) -> Todo:
    refused = revision.state is RevisionState.REJECTED
    words = _("The platform refused your changes") if refused else _("Your changes wait for the platform")
    offer = next((offer for offer in offers if offer.ref == revision.subject_ref), None)
    url = reverse("merchant_deal", args=[offer.ref]) if offer and revision.kind is SubjectKind.OFFER else ""
    return Todo(
        "x" if refused else "hourglass",
        "bad" if refused else "info",
        words,
        url,
        offer.titles if offer else None,
        revision.reason,
    )


def _drafts(desk: Desk) -> list[Todo]:
    number = len(sketches(desk.merchant_ref))
    if not number:
        return []
    words = ngettext("%(n)s draft is not handed in", "%(n)s drafts are not handed in", number)
    return [Todo("pencil", "info", words % {"n": number}, reverse("merchant_deals"))]


def _expiring(desk: Desk, at: datetime) -> list[Todo]:
    found = unused_by_week(desk.merchant_id, zone=desk.store.zone, at=at, until=at + SOON)
    number = sum(line.vouchers for line in found)
    if not number:
        return []
    words = ngettext(
        "%(n)s unused voucher ends within a week", "%(n)s unused vouchers end within a week", number
    )
    return [Todo("ticket", "wait", words % {"n": number}, reverse("merchant_vouchers"))]


def _store(desk: Desk) -> list[Todo]:
    """What shoppers miss on the page of the chosen store; before approval the checklist says so."""
    if not desk.approved:
        return []
    store = desk.store
    found = []
    if not store.opening_hours:
        words = _("No opening hours: people do not know when to come")
        found.append(Todo("clock", "wait", words, reverse("merchant_hours"), store.names))
    if not any(text.strip() for text in store.descriptions.values()):
        found.append(
            Todo("file-text", "info", _("No description of the shop"), reverse("merchant_store"), store.names)
        )
    return found


def _reviews(desk: Desk) -> list[Todo]:
    number = unanswered_count([desk.store.ref])
    if not number:
        return []
    words = ngettext("%(n)s review is not answered", "%(n)s reviews are not answered", number)
    return [Todo("star", "info", words % {"n": number}, reverse("merchant_reviews"))]


def _refunds(desk: Desk) -> list[Todo]:
    under_way = [refund.order_ref for refund in open_refunds()]
    if not under_way:
        return []
    owners = merchant_of_orders(under_way)
    mine = [ref for ref in under_way if owners.get(ref) == desk.merchant_ref]
    words = ngettext("%(n)s refund is on its way", "%(n)s refunds are on their way", len(mine))
    url = reverse("merchant_order", args=[mine[0]]) if len(mine) == 1 else reverse("merchant_orders")
    return [Todo("banknote", "info", words % {"n": len(mine)}, url)] if mine else []


def _invitations(desk: Desk, at: datetime) -> list[Todo]:
    number = len([each for each in invitations_of(desk.merchant_ref, at) if each.state.value == "open"])
    if not number:
        return []
    words = ngettext("%(n)s invitation is not answered", "%(n)s invitations are not answered", number)
    return [Todo("user-plus", "info", words % {"n": number}, reverse("merchant_team"))]


def actions(desk: Desk) -> list[dict[str, Any]]:
    """The quick ways of this desk, the most used first. Before a shop is approved it has nothing but deals to make."""
    entries = [
        (Right.REDEEM, False, "merchant_scan", "scan-line", _("Scan a voucher")),
        (Right.EDIT_DEALS, True, NEW_DEAL, "plus", _("New deal")),
        (Right.SEE_ORDERS, False, "merchant_orders", "receipt", _("Orders")),
        (Right.EDIT_DEALS, True, "merchant_vouchers", "ticket", _("Sold and not used")),
        (Right.SEE_CUSTOMERS, True, "merchant_customers", "users", _("Customers")),
    ]
    return [
        {"url": reverse(name), "icon": icon, "label": label}
        for right, everywhere, name, icon, label in entries
        if desk.may(right, everywhere=everywhere) and (desk.approved or name == NEW_DEAL)
    ]


def standing(desk: Desk, checks: Sequence[CheckLine]) -> Standing | None:
    """Where the shop stands with the platform, in words; None once it is approved. At most one statement."""
    if desk.merchant_state is MerchantState.REJECTED:
        merchant = merchant_by_ref(desk.merchant_ref)
        return Standing(
            kind="bad",
            title=_("The platform refused your shop"),
            text=merchant.decision_reason if merchant else "",
            note=_("Mend what is named there, then apply again."),
            again=desk.may(Right.MANAGE_MERCHANT, everywhere=True) and not desk.acting,
        )
    if desk.merchant_state is not MerchantState.APPLIED:
        return None
    if checks and all(line.done for line in checks if line.must):
        title = _("Everything that is needed is there")
        text = _(
            "The platform looks at it, mostly within a day. You get a notification; then people can buy."
        )
        return Standing(kind="good", title=title, text=text)
    text = _("The platform has not approved your shop yet. Shoppers do not see your deals until then.")
    return Standing(kind="wait", title="", text=text)
