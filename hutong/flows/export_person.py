"""Everything that is kept about one person, over all rooms, as a file for that person.

A ZIP of two: `data.json` for programs, `index.html` for people. Each room tells its own tables; `LEFT_OUT` says why
a table that names people is not among them, and a test holds the two together.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from hutong.attract.reviews import queries as reviews
from hutong.attract.saved.queries import everything_about as saved
from hutong.kernel import audit, budget
from hutong.know.customers import queries as customers
from hutong.pay.flashsales import queries as flashsales
from hutong.pay.giftcards import queries as giftcards
from hutong.pay.groups import queries as groups
from hutong.pay.ledger.queries import lots
from hutong.pay.orders import queries as orders
from hutong.pay.payments import queries as payments
from hutong.pay.pricing import queries as pricing
from hutong.town.contents import queries as contents
from hutong.town.merchants import queries as merchants
from hutong.town.notifications.queries import everything as notifications
from hutong.town.people import queries as people
from hutong.town.people import rules
from hutong.town.people.models import Person
from hutong.town.people.services import CodeFirst
from hutong.town.people.types import SignInState
from hutong.visit.stock import queries as stock
from hutong.visit.vouchers import queries as vouchers

Everything = dict[str, list[dict[str, Any]]]
DAY_S = 24 * 60 * 60

# Tables that name people and are not in the file, each with its reason.
LEFT_OUT: Mapping[str, str] = {
    "kernel.IdempotencyKey": "answers already given, kept so that nothing is done twice; they repeat other tables",
    "people.OneTimeCode": "a keyed hash of a code that is dead after five minutes",
    "payments.Attempt": "calls to a provider about payments and refunds that are in the file",
    "payments.WebhookInbox": "what a provider sent about payments that are in the file",
    "payments.DisputeEvidence": "what was sent to a bank about chargebacks that are in the file",
    "payments.BankIn": "the platform's bank account; who entered it is in the audit entries",
    "fees.CommissionRule": "what merchants pay; who made the rule is in the audit entries",
    "settlement.PayoutAccount": "a merchant's bank account; who entered it is in the audit entries",
    "payments.AgreedRate": "what providers keep; who agreed on it is in the audit entries",
    "payments.WithoutBill": "days without a provider's bill; who said so and agreed is in the audit entries",
    "settlement.Correction": "the merchant's books; who asked for it and decided is in the audit entries",
    "settlement.Adjustment": "the merchant's books; who entered it is in the audit entries",
    "settlement.Settled": "the merchant's books: amounts of units that are in the file",
    "ledger.Account": "the platform's books; a person's points are in the file lot by lot",
    "loyalty.Programme": "rules of points; who set them is in the audit entries",
    "catalog.Offer": "a merchant's goods; who changed them is in the audit entries",
    "catalog.Sketch": "a deal being written for a merchant; what becomes of it is in the audit entries",
    "catalog.OfferDecision": "a merchant's goods; who decided about them is in the audit entries",
    "contents.ReasonTemplate": "the operators' ready words; who changed them is in the audit entries",
    "merchants.Pairing": "an address that pairs a phone for ten minutes; the phones paired are in the file",
    "placements.Placement": "what is shown for money; who entered it is in the audit entries",
    "pictures.Picture": "pictures of shops and reviews; who uploaded them is in the audit entries",
    "flashsales.FlashSale": "when a merchant sells a deal; who set it is in the audit entries",
    "stock.Stock": "how many of an offer there are; who set it is in the audit entries",
    "admin.LogEntry": "the back office's own log of superusers",
    "axes.AccessAttempt": "failed passwords of the back office, kept against guessing",
    "axes.AccessLog": "passwords tried at the back office, kept against guessing",
    "axes.AccessFailureLog": "failed passwords of the back office, kept against guessing",
}


def everything(*, person: Person) -> Everything:
    """All rows about `person`, by model (`orders.Order`): what the rooms' queries tell. Reads only."""
    ordered = [order_ref for order_ref, _state in orders.standing_of(person.pk)]
    return {
        **people.everything_about(person),
        **merchants.everything_about(person),
        **contents.everything_about(person),
        **notifications.everything_about(person),
        **orders.everything_about(person.pk, person.public_id),
        **payments.everything_about(ordered),
        **payments.disputes_about(ordered),
        **giftcards.everything_about(person.pk, ordered),
        **pricing.everything_about(person.pk),
        **lots.everything_about(person.public_id, ordered),
        **groups.everything_about(person.pk),
        **flashsales.everything_about(person.pk),
        **vouchers.everything_about(person),
        **stock.everything_about(person.public_id),
        **customers.everything_about(person.public_id),
        **reviews.everything_about(person),
        **saved(person),
        "kernel.AuditEntry": _audit_entries(person.public_id),
    }


def export(*, person: Person, sign_in: SignInState | None, at: datetime) -> bytes:
    """The ZIP of everything about `person`, in the language that is active, and a line in the audit log.

    At most `rules.EXPORTS_A_DAY` a day. Raises CodeFirst unless a code was entered in this browser just now, and
    TooMany. Must not run inside a transaction: the budget has to survive.
    """
    if sign_in is None or not rules.is_fresh(sign_in.proved_at, at):
        raise CodeFirst
    budget.spend(f"people.export:{person.public_id}", limit=rules.EXPORTS_A_DAY, window_s=DAY_S, at=at)
    found = everything(person=person)
    audit.record(action="person.exported", subject=person.public_id, by=person.public_id, at=at)
    told = {"made_at": at, "person": person.public_id, "tables": found}
    page = render_to_string("consumer/account_export.html", {"sections": _sections(found), "at": at})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
        archive.writestr("index.html", page)
    return file.getvalue()


def _audit_entries(person_ref: str) -> list[dict[str, Any]]:
    """Every audit entry of something this person did, the oldest first."""
    entries: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        found = audit.search(actor=person_ref, before=cursor, limit=500)
        entries += [
            {
                "at": entry.at,
                "action": entry.action,
                "subject": entry.subject_ref,
                "on_behalf_of": entry.on_behalf_of,
                "merchant": entry.merchant_ref,
                "changes": entry.changes,
                "reason": entry.reason,
            }
            for entry in found.entries
        ]
        cursor = found.before
        if cursor is None:
            return entries[::-1]


def _sections(found: Everything) -> list[dict[str, Any]]:
    """The tables that hold something, with their names in words, each row as pairs of name and value."""
    titles = _titles()
    return [
        {
            "title": titles.get(model, model.partition(".")[2]),
            "rows": [
                [(name.replace("__", " ").replace("_", " "), _plain(value)) for name, value in row.items()]
                for row in rows
            ],
        }
        for model, rows in found.items()
        if rows
    ]


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
    return "" if value is None else str(value)


def _titles() -> dict[str, str]:
    return {
        "people.Person": _("Who I am"),
        "people.Address": _("My addresses"),
        "people.ConsentEvent": _("Consents to the platform"),
        "people.SignIn": _("Browsers I signed in with"),
        "people.ApiToken": _("Keys for programs"),
        "people.Message": _("Messages sent to me"),
        "merchants.Staff": _("Shops I work for"),
        "merchants.MerchantDecision": _("Decisions I made about merchants"),
        "merchants.BrandGift": _("Brands I gave to merchants"),
        "merchants.Device": _("Phones I paired with a shop"),
        "merchants.Claim": _("Shops I claimed"),
        "merchants.Invitation": _("Invitations to work in a shop"),
        "notifications.Notification": _("What I was told"),
        "notifications.Delivery": _("How I was told"),
        "notifications.Subscription": _("Browsers that show notifications"),
        "notifications.Preference": _("My choices about notifications"),
        "contents.Revision": _("Texts I wrote or decided about"),
        "orders.Order": _("My orders"),
        "orders.Line": _("What I ordered"),
        "orders.Unit": _("What each piece cost"),
        "orders.OrderEvent": _("What happened to orders"),
        "groups.Place": _("Groups I bought in"),
        "payments.Payment": _("My payments"),
        "payments.Refund": _("My refunds"),
        "payments.Dispute": _("My chargebacks"),
        "ledger.Lot": _("My points"),
        "ledger.LotPart": _("Orders I used points for"),
        "ledger.LotPiece": _("What points paid for"),
        "flashsales.Ticket": _("My places in the line of a flash sale"),
        "vouchers.Voucher": _("My vouchers"),
        "vouchers.Use": _("Uses of my vouchers"),
        "vouchers.Redemption": _("Redemptions"),
        "stock.Hold": _("What was kept for my orders"),
        "stock.PersonLimit": _("How often I took limited deals"),
        "customers.Consent": _("Shops I let remember me"),
        "customers.ConsentChange": _("Consents to shops, given and taken back"),
        "customers.Customer": _("What shops know of me"),
        "customers.Visit": _("My visits, as shops remember them"),
        "saved.SavedList": _("My lists"),
        "saved.SavedEntry": _("What I saved"),
        "saved.SeenStore": _("Shops I looked at"),
        "saved.SeenChoice": _("Whether what I look at is remembered"),
        "reviews.Review": _("My reviews"),
        "reviews.ReviewVersion": _("My reviews as they were"),
        "reviews.AnswerVersion": _("Answers I wrote for a shop"),
        "reviews.HelpfulVote": _("Reviews I found helpful"),
        "reviews.Report": _("Reviews I reported"),
        "reviews.Decision": _("Decisions I made about reviews"),
        "kernel.AuditEntry": _("What I did, from the audit log"),
    }
