"""Values of notifications that cross the boundary."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Audience(StrEnum):
    """As what a person is told something."""

    SHOPPER = "shopper"
    STAFF = "staff"
    OPERATOR = "operator"


class Channel(StrEnum):
    """A way to tell. `IN_APP` is the list behind the bell."""

    IN_APP = "in_app"
    EMAIL = "email"
    PUSH = "push"
    SMS = "sms"


class Group(StrEnum):
    """Kinds that are switched on and off together."""

    ORDERS = "orders"
    VOUCHERS = "vouchers"
    ACCOUNT = "account"
    REVIEWS = "reviews"
    FEEDBACK = "feedback"
    SALES = "sales"
    DECISIONS = "decisions"
    TEAM = "team"
    MONEY = "money"
    QUEUE = "queue"
    ALARMS = "alarms"


class Kind(StrEnum):
    """What may be told; each is described in `rules.KINDS`."""

    ORDER_PAID = "order_paid"
    GROUP_WAITS = "group_waits"
    GROUP_FULL = "group_full"
    GROUP_FAILED = "group_failed"
    REFUND_DONE = "refund_done"
    REFUND_TO_CARD = "refund_to_card"
    REFUND_IN_PARTS = "refund_in_parts"
    REFUND_FAILED = "refund_failed"
    VOUCHER_EXPIRES_IN_WEEK = "voucher_expires_in_week"
    VOUCHER_EXPIRES_TOMORROW = "voucher_expires_tomorrow"
    VOUCHER_EXTENDED = "voucher_extended"
    VOUCHER_REDEEMED = "voucher_redeemed"
    VOUCHER_ASKED = "voucher_asked"
    GIFT_OPENED = "gift_opened"
    VOUCHER_LAST_DAY = "voucher_last_day"
    NEW_SIGN_IN = "new_sign_in"
    PHONE_CHANGED = "phone_changed"
    EMAIL_CHANGED = "email_changed"
    ERASURE_ASKED = "erasure_asked"
    ERASURE_CANCELLED = "erasure_cancelled"
    TEST_MESSAGE = "test_message"
    MERCHANT_APPROVED = "merchant_approved"
    MERCHANT_REJECTED = "merchant_rejected"
    MERCHANT_SUSPENDED = "merchant_suspended"
    CLAIM_APPROVED = "claim_approved"
    CLAIM_REJECTED = "claim_rejected"
    DEAL_APPROVED = "deal_approved"
    DEAL_REJECTED = "deal_rejected"
    REVIEW_ANSWERED = "review_answered"
    REVIEW_PUBLISHED = "review_published"
    REVIEW_HIDDEN = "review_hidden"
    REVIEW_RECEIVED = "review_received"
    DEAL_TAKEN_OFF = "deal_taken_off"
    CONTENT_APPROVED = "content_approved"
    CONTENT_REJECTED = "content_rejected"
    FIRST_SALE = "first_sale"
    SOLD_OUT = "sold_out"
    INVITATION_ACCEPTED = "invitation_accepted"
    PLATFORM_ACTING = "platform_acting"
    DEVICE_PAIRED = "device_paired"
    TEAM_CHANGED = "team_changed"
    PAYOUT_PAID = "payout_paid"
    SHOP_DISPUTED = "shop_disputed"
    PAYOUT_BOUNCED = "payout_bounced"
    BANK_ACCOUNT_CHANGED = "bank_account_changed"
    QUEUE_WAITS = "queue_waits"
    PAYOUTS_DRAFTED = "payouts_drafted"
    BOOKS_PROBLEM = "books_problem"
    PROVIDER_TROUBLE = "provider_trouble"
    PAYOUTS_WAIT = "payouts_wait"
    BILL_DIFFERS = "bill_differs"
    BILL_LATE = "bill_late"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_DUE = "dispute_due"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    BACKUP_OLD = "backup_old"
    CLOCK_TROUBLE = "clock_trouble"


class DeliveryState(StrEnum):
    """Where a delivery stands. SENDING is claimed: whatever happens then, it is not sent again by itself."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class KindSpec:
    """One line of the table of kinds.

    `right` names the right at a merchant (a value of `merchants.types.Right`) whose holders are told; empty for
    everybody else. `title` and `body` are texts for gettext with `%(name)s` for the params. `page` is the name of
    the route that shows more, and the params that are its arguments. `defaults` are the channels of a person who
    chose nothing, `always` those that no switch turns off. `at_night` False keeps push, text message and e-mail
    for the morning; `leaves_after` keeps them for as long as what they tell may be taken back.
    """

    audience: Audience
    group: Group
    title: str
    body: str
    page: tuple[str, ...]
    defaults: frozenset[Channel]
    always: frozenset[Channel] = frozenset()
    right: str = ""
    at_night: bool = True
    leaves_after: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """A line of the settings page. `fixed` groups cannot lose the list in the app."""

    audience: Audience
    name: str
    about: str
    channels: tuple[Channel, ...]
    fixed: bool


@dataclass(frozen=True, slots=True)
class Text:
    """A notification in the words of one language."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class NotificationView:
    """A notification as its person sees it in the list, in the language that was asked for."""

    ref: str
    kind: Kind
    audience: Audience
    text: Text
    url: str
    merchant_ref: str
    at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A notification on its way through one channel: to whom, in their words, and where a tap leads.

    `key` names this delivery for whoever takes it twice, `at` is when it was told; the addresses
    are whole.
    """

    key: str
    at: datetime
    person_id: int
    person_ref: str
    phone: str
    email: str
    language: str
    group: Group
    text: Text
    url: str
    unsubscribe_url: str
    settings_url: str


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A browser that takes web push, as its owner sees it.

    `fingerprint` is the start of the SHA-256 of its address, by which a page finds out that it runs in this one.
    """

    ref: str
    fingerprint: str
    browser: str
    system: str
    created_at: datetime
    failed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Switch:
    """One cell of the settings page. A `fixed` one is on for good, one that is not `offered` is not there."""

    channel: Channel
    on: bool
    fixed: bool
    offered: bool


@dataclass(frozen=True, slots=True)
class SettingsRow:
    """One group with its switches, in the order of `Channel`."""

    group: Group
    audience: Audience
    switches: tuple[Switch, ...]
