"""The tables of what may be told: groups that are switched together, and kinds with their words."""

from datetime import timedelta

from hutong.town.notifications.types import Audience, Channel, Group, GroupSpec, Kind, KindSpec

# So long an operator may take a decision back; until then nothing about it leaves the house.
TAKEN_BACK_WITHIN = timedelta(minutes=5)

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
        Audience.SHOPPER, _("Orders and refunds"), _("Paid orders, and money on its way back to you."), _ALL, fixed=True,
    ),
    Group.VOUCHERS: GroupSpec(
        Audience.SHOPPER, _("Vouchers"), _("Used, extended, or about to expire."), _ALL, fixed=False,
    ),
    Group.ACCOUNT: GroupSpec(
        Audience.SHOPPER, _("Account and security"), _("Sign-ins, changes of phone or e-mail, your data."), _ALL, fixed=True,
    ),
    Group.REVIEWS: GroupSpec(
        Audience.SHOPPER, _("Your reviews"), _("Answers to what you wrote, and what became of it."),
        _NO_SMS, fixed=False,
    ),
    Group.FEEDBACK: GroupSpec(
        Audience.STAFF, _("Reviews of the shop"), _("What shoppers say after their visit."), _NO_SMS, fixed=False,
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
    leaves_after: timedelta = timedelta(0),
) -> KindSpec:
    return KindSpec(Audience.SHOPPER, group, title, body, page, defaults, always, leaves_after=leaves_after)


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
    Kind.GROUP_WAITS: _shopper(
        Group.ORDERS, _("You are in: %(deal)s"),
        _("You paid %(amount)s. Your voucher comes when enough are in, by %(until)s; else all of it goes back to you."),
        _BY_BOTH, "order", "order_ref",
    ),
    Kind.GROUP_FULL: _shopper(
        Group.ORDERS, _("It is on: %(deal)s"),
        _("Enough are in. Your voucher for %(merchant)s is ready."),
        _BY_BOTH, "order", "order_ref",
    ),
    Kind.GROUP_FAILED: _shopper(
        Group.ORDERS, _("Not enough were in: %(deal)s"),
        _("%(amount)s is on its way back to where it came from. Nothing is left for you to do."),
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
    Kind.VOUCHER_LAST_DAY: _shopper(
        Group.VOUCHERS, _("Last day: %(deal)s"),
        _("Your voucher for %(merchant)s is good until %(until)s. Use it while it is."),
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
    Kind.VOUCHER_ASKED: _shopper(
        Group.VOUCHERS, _("%(store)s asks to use a voucher of yours"),
        _("Are you at the counter? Confirm it within five minutes. If not, nothing is used."),
        _BY_PUSH, "voucher_request", "request_ref",
        # Somebody stands at the counter and waits for it.
        always=_BY_PUSH,
    ),
    Kind.GIFT_OPENED: _shopper(
        Group.VOUCHERS, _("Your present was opened: %(deal)s"),
        _("It belongs to whom you gave the link now."), _BY_PUSH, "voucher_give", "voucher_ref",
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
    Kind.REVIEW_ANSWERED: _shopper(
        Group.REVIEWS, _("%(store)s answered your review"), _("Read what the shop says."), _BY_PUSH, "my_reviews",
    ),
    Kind.REVIEW_PUBLISHED: _shopper(
        Group.REVIEWS, _("Your review is published"), _("Everybody can read now what you wrote about %(store)s."),
        _BY_PUSH, "my_reviews", leaves_after=TAKEN_BACK_WITHIN,
    ),
    Kind.REVIEW_HIDDEN: _shopper(
        Group.REVIEWS, _("Your review of %(store)s is not shown"), _("Why: %(reason)s You can change it."),
        _BY_BOTH, "my_reviews", leaves_after=TAKEN_BACK_WITHIN,
    ),
    Kind.REVIEW_RECEIVED: _staff(
        Group.FEEDBACK, "answer_reviews", _("%(store)s was given stars: %(stars)s"),
        _("Read the review, and answer it."), _BY_PUSH, "merchant_reviews",
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
        _("Payments or refunds whose outcome is unknown for over ten minutes: %(count)s"), _BY_BOTH, "operator_orders",
    ),
    Kind.PAYOUTS_WAIT: _operator(
        Group.ALARMS, _("Payouts wait at a payment service"),
        _("Not sent for over ten minutes: %(count)s. The batch says why."), _BY_BOTH, "operator_batch", "batch_ref",
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
    Kind.CLOCK_TROUBLE: _operator(
        Group.ALARMS, _("Something that the site does by itself fails"),
        _("It is tried again and again, and the rest goes on. The log of the worker says why: %(what)s"),
        _BY_BOTH, "operator_figures",
    ),
}  # fmt: skip
