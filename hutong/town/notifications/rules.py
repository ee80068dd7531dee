"""Pure decisions about notifications: the table of kinds, who is told by which channel, and when."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from hutong.town.notifications.types import Audience, Channel, Group, GroupSpec, Kind, KindSpec

# A try that failed is repeated after so long; after the last of them the delivery has failed.
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))
# A delivery that nobody picked up, or that was claimed by a process which then died, is looked at after this.
LEASE = timedelta(minutes=5)
# What waited so long is no news any more.
STALE_AFTER = timedelta(days=1)
# At most so many a person, a channel and a day: a fault of ours must not flood anybody.
BUDGETS = {Channel.IN_APP: 300, Channel.EMAIL: 40, Channel.PUSH: 100, Channel.SMS: 5}
SUBSCRIPTIONS_MAX = 10
ENDPOINT_MAX = 1000
KEPT = timedelta(days=365)
# So long an operator may take a decision back; until then nothing about it leaves the house.
TAKEN_BACK_WITHIN = timedelta(minutes=5)
QUIET_FROM, QUIET_UNTIL = time(22), time(8)
MOST_SHOWN = 99

# The push services of the browsers people have; a subscription that names another host is refused, since we
# would be sending requests wherever a visitor likes.
PUSH_HOSTS = (
    "fcm.googleapis.com",
    "jmt17.google.com",
    ".push.services.mozilla.com",
    ".notify.windows.com",
    ".push.apple.com",
)

_IN_APP, _EMAIL, _PUSH, _SMS = Channel.IN_APP, Channel.EMAIL, Channel.PUSH, Channel.SMS
_QUIETLY = frozenset({_IN_APP})
_BY_PUSH = frozenset({_IN_APP, _PUSH})
_BY_MAIL = frozenset({_IN_APP, _EMAIL})
_BY_BOTH = frozenset({_IN_APP, _EMAIL, _PUSH})
_ALL = (_IN_APP, _EMAIL, _PUSH, _SMS)
_NO_SMS = (_IN_APP, _EMAIL, _PUSH)


def _(text: str) -> str:
    """Mark a text for translation and leave it as it is: it is translated when it is read or sent."""
    return text


GROUPS: dict[Group, GroupSpec] = {
    Group.ORDERS: GroupSpec(
        Audience.SHOPPER, _("Orders and refunds"),
        _("Paid orders, and money on its way back to you."), _ALL, fixed=True,
    ),
    Group.VOUCHERS: GroupSpec(
        Audience.SHOPPER, _("Vouchers"),
        _("Used, extended, or about to expire."), _ALL, fixed=False,
    ),
    Group.ACCOUNT: GroupSpec(
        Audience.SHOPPER, _("Account and security"),
        _("Sign-ins, changes of phone or e-mail, your data."), _ALL, fixed=True,
    ),
    Group.SALES: GroupSpec(
        Audience.STAFF, _("Sales of the shop"),
        _("First sale of a deal, and deals that sold out."), _NO_SMS, fixed=False,
    ),
    Group.DECISIONS: GroupSpec(
        Audience.STAFF, _("Decisions of the platform"),
        _("About your shop, its deals and its contents."), _ALL, fixed=False,
    ),
    Group.TEAM: GroupSpec(
        Audience.STAFF, _("Team and devices"),
        _("Who works with you, what is paired, and when the platform acts for you."),
        _NO_SMS, fixed=True,
    ),
    Group.MONEY: GroupSpec(
        Audience.STAFF, _("Money of the shop"),
        _("Payouts, and changes of the bank account they go to."), _ALL, fixed=True,
    ),
    Group.QUEUE: GroupSpec(
        Audience.OPERATOR, _("The queue"),
        _("Shops, deals, contents and payouts that wait for a decision."), _NO_SMS, fixed=False,
    ),
    Group.ALARMS: GroupSpec(
        Audience.OPERATOR, _("Alarms"),
        _("Books that do not add up, a payment provider in trouble, an old backup."),
        _ALL, fixed=True,
    ),
}  # fmt: skip


def _shopper(
    group: Group,
    title: str,
    body: str,
    defaults: frozenset[Channel],
    *page: str,
    always: frozenset[Channel] = frozenset(),
) -> KindSpec:
    return KindSpec(Audience.SHOPPER, group, title, body, page, defaults, always)


def _staff(
    group: Group, right: str, title: str, body: str, defaults: frozenset[Channel], *page: str
) -> KindSpec:
    later = TAKEN_BACK_WITHIN if group is Group.DECISIONS else timedelta(0)
    return KindSpec(Audience.STAFF, group, title, body, page, defaults, right=right, leaves_after=later)


def _operator(
    group: Group, title: str, body: str, defaults: frozenset[Channel], *page: str, at_night: bool = True
) -> KindSpec:
    return KindSpec(Audience.OPERATOR, group, title, body, page, defaults, at_night=at_night)


# Params by name: `merchant`, `store`, `deal`, `voucher` are names by language; `amount`, `to_card` and `sent` are
# money; `until`, `on` are moments with their zone; `who`, `device`, `browser`, `reason` are words; refs are arguments
# of the page.
KINDS: dict[Kind, KindSpec] = {
    Kind.ORDER_PAID: _shopper(
        Group.ORDERS, _("Paid: %(deal)s"),
        _("Your voucher for %(merchant)s is ready. You paid %(amount)s."),
        _BY_BOTH, "order", "order_ref",
    ),
    Kind.REFUND_DONE: _shopper(
        Group.ORDERS, _("Refunded: %(amount)s"),
        _("%(merchant)s: the money is on its way to where it came from. Banks take a few days."),
        _BY_BOTH, "order", "order_ref",
    ),
    Kind.REFUND_TO_CARD: _shopper(
        Group.ORDERS, _("Refunded: %(amount)s"),
        _("%(merchant)s: it is on your gift card again. You can spend it at once."),
        _BY_BOTH, "order", "order_ref",
    ),
    Kind.REFUND_IN_PARTS: _shopper(
        Group.ORDERS, _("Refunded: %(amount)s"),
        _("%(merchant)s: %(to_card)s is on your gift card again. %(sent)s is on its way to where it came from; "
          "banks take a few days."),
        _BY_BOTH, "order", "order_ref",
    ),
    Kind.REFUND_FAILED: _shopper(
        Group.ORDERS, _("Your refund is delayed"),
        _("%(amount)s could not be sent back yet. We are looking into it; you need not do anything."),
        _BY_BOTH, "order", "order_ref",
    ),
    Kind.VOUCHER_EXPIRES_IN_WEEK: _shopper(
        Group.VOUCHERS, _("A week left: %(deal)s"),
        _("Your voucher for %(merchant)s is good until %(until)s."),
        _BY_BOTH, "voucher", "voucher_ref",
    ),
    Kind.VOUCHER_EXPIRES_TOMORROW: _shopper(
        Group.VOUCHERS, _("Last day: %(deal)s"),
        _("Your voucher for %(merchant)s is good until %(until)s. You can use it or take your money back."),
        _BY_BOTH, "voucher", "voucher_ref",
    ),
    Kind.VOUCHER_EXTENDED: _shopper(
        Group.VOUCHERS, _("Extended: %(deal)s"),
        _("%(merchant)s extended your voucher. It is now good until %(until)s."),
        _BY_PUSH, "voucher", "voucher_ref",
    ),
    Kind.VOUCHER_REDEEMED: _shopper(
        Group.VOUCHERS, _("Used: %(deal)s"), _("At %(store)s. Enjoy!"), _BY_PUSH, "voucher", "voucher_ref",
    ),
    Kind.NEW_SIGN_IN: _shopper(
        Group.ACCOUNT, _("New sign-in"),
        _("Somebody signed in as you with %(browser)s. Was it not you? Sign that device out at once."),
        _BY_BOTH, "account_sign_ins",
    ),
    Kind.PHONE_CHANGED: _shopper(
        Group.ACCOUNT, _("Your phone number was changed"),
        _("You now sign in with the number that ends in %(ending)s. Was it not you? Tell us at once."),
        _BY_BOTH, "account_profile",
    ),
    Kind.EMAIL_CHANGED: _shopper(
        Group.ACCOUNT, _("Your e-mail address was changed"),
        _("From now on we write to the new address. Was it not you? Sign all devices out."),
        _BY_PUSH, "account_sign_ins",
    ),
    Kind.ERASURE_ASKED: _shopper(
        Group.ACCOUNT, _("Your account will be erased"),
        _("On %(until)s. Sign in before then and it stays."), _BY_MAIL, "account_data",
        # Every browser was logged out with it: the phone is the one way that is sure to be there.
        always=frozenset({_SMS}),
    ),
    Kind.ERASURE_CANCELLED: _shopper(
        Group.ACCOUNT, _("Your account stays"), _("You signed in, so it is not erased."), _BY_MAIL, "me",
    ),
    Kind.TEST_MESSAGE: _shopper(
        Group.ACCOUNT, _("It works"), _("This is how we tell you something on this device."),
        _BY_PUSH, "notification_settings",
    ),
    Kind.MERCHANT_APPROVED: _staff(
        Group.DECISIONS, "manage_team", _("%(merchant)s is open"),
        _("The platform approved your shop. Your approved deals can be bought from now on."),
        _BY_BOTH, "merchant_today",
    ),
    Kind.MERCHANT_REJECTED: _staff(
        Group.DECISIONS, "manage_team", _("%(merchant)s was not approved"), _("Why: %(reason)s"),
        _BY_BOTH, "merchant_today",
    ),
    Kind.MERCHANT_SUSPENDED: _staff(
        Group.DECISIONS, "manage_team", _("%(merchant)s is suspended"),
        _("Nothing is sold or redeemed for now. Why: %(reason)s"), _BY_BOTH, "merchant_today",
    ),
    Kind.CLAIM_APPROVED: _staff(
        Group.DECISIONS, "manage_team", _("%(store)s is yours"),
        _("The platform accepted your proof. You can look after the shop's page now."),
        _BY_BOTH, "merchant_today",
    ),
    Kind.CLAIM_REJECTED: _staff(
        Group.DECISIONS, "manage_team", _("Your claim of %(store)s was not accepted"), _("Why: %(reason)s"),
        _BY_BOTH, "notifications",
    ),
    Kind.DEAL_APPROVED: _staff(
        Group.DECISIONS, "edit_deals", _("On sale: %(deal)s"),
        _("The platform approved your deal. Shoppers find it from now on."),
        _BY_BOTH, "merchant_deal", "offer_ref",
    ),
    Kind.DEAL_REJECTED: _staff(
        Group.DECISIONS, "edit_deals", _("Not approved: %(deal)s"), _("Why: %(reason)s"),
        _BY_BOTH, "merchant_deal", "offer_ref",
    ),
    Kind.DEAL_TAKEN_OFF: _staff(
        Group.DECISIONS, "edit_deals", _("Taken off: %(deal)s"),
        _("The platform took your deal off sale. What was sold stays good. Why: %(reason)s"),
        _BY_BOTH, "merchant_deal", "offer_ref",
    ),
    Kind.CONTENT_APPROVED: _staff(
        Group.DECISIONS, "edit_store", _("Published: %(store)s"),
        _("What you wrote is on your page now."), _BY_PUSH, "merchant_desk",
    ),
    Kind.CONTENT_REJECTED: _staff(
        Group.DECISIONS, "edit_store", _("Not published: %(store)s"), _("Why: %(reason)s"),
        _BY_BOTH, "merchant_desk",
    ),
    Kind.FIRST_SALE: _staff(
        Group.SALES, "see_takings", _("First sale: %(deal)s"),
        _("Somebody has just bought it for %(amount)s. Look forward to a visit."),
        _BY_BOTH, "merchant_deal", "offer_ref",
    ),
    Kind.SOLD_OUT: _staff(
        Group.SALES, "edit_deals", _("Sold out: %(deal)s"),
        _("All of it is sold. Raise the number if you can serve more."),
        _BY_BOTH, "merchant_deal", "offer_ref",
    ),
    Kind.INVITATION_ACCEPTED: _staff(
        Group.TEAM, "manage_team", _("%(who)s has joined"), _("Your invitation to %(merchant)s was accepted."),
        _BY_PUSH, "merchant_desk",
    ),
    Kind.PLATFORM_ACTING: _staff(
        Group.TEAM, "manage_team", _("The platform acts for you"),
        _("Somebody of the platform has begun to edit for %(merchant)s. Why: %(reason)s"),
        _BY_BOTH, "merchant_desk",
    ),
    Kind.DEVICE_PAIRED: _staff(
        Group.TEAM, "manage_devices", _("Paired: %(device)s"),
        _("A new device redeems at %(store)s. Do you not know it? Remove it."), _BY_PUSH, "merchant_desk",
    ),
    Kind.TEAM_CHANGED: _staff(
        Group.TEAM, "manage_team", _("The team of %(merchant)s has changed"),
        _("Look at who works with you and what they may do."), _QUIETLY, "merchant_desk",
    ),
    Kind.PAYOUT_PAID: _staff(
        Group.MONEY, "see_money", _("Paid out: %(amount)s"), _("It is in your bank account, %(account)s."),
        _BY_MAIL, "merchant_payout", "payout_ref",
    ),
    Kind.SHOP_DISPUTED: _staff(
        Group.MONEY, "see_money", _("A shopper's bank took a payment back: %(amount)s"),
        _("Add what shows that it was served; the platform answers the bank."), _BY_BOTH,
        "merchant_dispute", "dispute_ref",
    ),
    Kind.PAYOUT_BOUNCED: _staff(
        Group.MONEY, "see_money", _("A payout came back: %(amount)s"),
        _("The reason given: %(reason)s. Look at the account it went to; the money is in your next payout."),
        _BY_BOTH, "merchant_payout", "payout_ref",
    ),
    Kind.BANK_ACCOUNT_CHANGED: _staff(
        Group.MONEY, "see_money", _("The bank account of %(merchant)s was changed"),
        _("Payouts go to %(account)s, from %(on)s on. Was it none of you? Tell the platform at once."),
        _BY_BOTH, "merchant_bank",
    ),
    Kind.QUEUE_WAITS: _operator(
        Group.QUEUE, _("The queue has something for you"), _("Waiting for a decision: %(count)s"),
        _BY_BOTH, "operator_queue",
    ),
    Kind.PAYOUTS_DRAFTED: _operator(
        Group.QUEUE, _("Payouts to approve: %(amount)s"),
        _("A batch was drafted by itself. Merchants in it: %(count)s. Nothing leaves before it is approved."),
        _BY_BOTH, "operator_batch", "batch_ref", at_night=False,
    ),
    Kind.BOOKS_PROBLEM: _operator(
        Group.ALARMS, _("The books do not add up"), _("Problems found: %(count)s. Look at them now."),
        _BY_BOTH, "operator_books",
    ),
    Kind.PROVIDER_TROUBLE: _operator(
        Group.ALARMS, _("The payment provider does not answer"),
        _("Payments, refunds or payouts whose outcome is unknown for over ten minutes: %(count)s"),
        _BY_BOTH, "operator_orders",
    ),
    Kind.BILL_DIFFERS: _operator(
        Group.ALARMS, _("A bill of a payment service does not agree with ours"),
        _("Differences to explain: %(count)s"), _BY_BOTH, "operator_bills",
    ),
    Kind.BILL_LATE: _operator(
        Group.ALARMS, _("A payment service's bill is late"), _("Days without a bill: %(count)s"), _BY_BOTH, "operator_bills",
    ),
    Kind.DISPUTE_OPENED: _operator(
        Group.ALARMS, _("A bank took a payment back: %(amount)s"),
        _("Answer with evidence until %(until)s, or the chargeback is lost."), _BY_BOTH, "operator_dispute", "dispute_ref",
    ),
    Kind.DISPUTE_DUE: _operator(
        Group.ALARMS, _("A chargeback needs its answer: %(amount)s"),
        _("It is due %(until)s; without an answer it is lost."), _BY_BOTH, "operator_dispute", "dispute_ref",
    ),
    Kind.DISPUTE_WON: _operator(
        Group.ALARMS, _("A chargeback was won: %(amount)s"), _("The money is with the payment service again."),
        _BY_MAIL, "operator_dispute", "dispute_ref",
    ),
    Kind.DISPUTE_LOST: _operator(
        Group.ALARMS, _("A chargeback was lost: %(amount)s"), _("Its page says who bears it."),
        _BY_MAIL, "operator_dispute", "dispute_ref",
    ),
    Kind.BACKUP_OLD: _operator(
        Group.ALARMS, _("The last backup is old"), _("It was made on %(on)s. Look at the timer of the backup."),
        _BY_BOTH, "operator_figures",
    ),
}  # fmt: skip


def wanted(kind: Kind, turned: Mapping[tuple[Group, Channel], bool]) -> frozenset[Channel]:
    """The channels a person is told of `kind` by, given the switches they `turned`."""
    spec = KINDS[kind]
    if kind is Kind.TEST_MESSAGE:
        return spec.defaults  # it was asked for just now
    channels = GROUPS[spec.group].channels
    return spec.always | {channel for channel in channels if is_on(spec.group, channel, turned, kind=kind)}


def is_on(
    group: Group,
    channel: Channel,
    turned: Mapping[tuple[Group, Channel], bool],
    *,
    kind: Kind | None = None,
) -> bool:
    """Whether a channel is on for a group, or for one `kind` of it.

    A switch that was turned holds for the whole group. One that was not turned stands for each kind as the
    table says; for the group it shows as on when it is so for any of its kinds.
    """
    if channel not in GROUPS[group].channels:
        return False
    if channel is Channel.IN_APP and GROUPS[group].fixed:
        return True
    if (group, channel) in turned:
        return turned[group, channel]
    if kind is not None:
        return channel in KINDS[kind].defaults
    return any(channel in spec.defaults for spec in KINDS.values() if spec.group is group)


def kinds_for(audience: Audience) -> tuple[Kind, ...]:
    """The kinds that people are told in one of their roles."""
    return tuple(kind for kind, spec in KINDS.items() if spec.audience is audience)


def not_before(spec: KindSpec, at: datetime, *, zone: str) -> datetime:
    """When a notification may leave: soon, or in the morning (8:00) for what must not come at night."""
    at += spec.leaves_after
    if spec.at_night:
        return at
    wall = at.astimezone(ZoneInfo(zone))
    if QUIET_UNTIL <= wall.time() < QUIET_FROM:
        return at
    day = wall.date() if wall.time() < QUIET_UNTIL else wall.date() + timedelta(days=1)
    return datetime.combine(day, QUIET_UNTIL, ZoneInfo(zone))


def next_try(tries: int, at: datetime) -> datetime | None:
    """When a delivery that failed for the `tries`th time is tried again; None when it is given up."""
    return at + PAUSES[tries - 1] if tries <= len(PAUSES) else None


def push_address_allowed(endpoint: str, *, also: str = "") -> bool:
    """Whether web push may be sent to `endpoint`: at a browser's own service, by HTTPS on its usual port.

    `also` is one more host (with its port, if it has one) that the settings name.
    """
    if len(endpoint) > ENDPOINT_MAX or any(symbol <= " " or symbol == "\\" for symbol in endpoint):
        return False
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return False
    if also and parts.scheme in ("http", "https") and parts.netloc == also:
        return True
    host = parts.hostname or ""
    known = any(host.endswith(one) if one.startswith(".") else host == one for one in PUSH_HOSTS)
    return parts.scheme == "https" and known and "@" not in parts.netloc and port in (None, 443)
