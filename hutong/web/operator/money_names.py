"""Words of the money pages: what each payment service is called, and what is wrong with a line of a bill."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hutong.pay.ledger.types import AccountKind, TransactionKind
from hutong.pay.payments.types import DifferenceKind, Explanation

_PROVIDERS = {
    "sandbox": _("Sandbox"),
    "stripe": "Stripe",
    "wechat": _("WeChat Pay"),
    "alipay": _("Alipay"),
}

# What is wrong, and what it mostly means.
KINDS: dict[DifferenceKind, tuple[Promise, Promise]] = {
    DifferenceKind.MISSING_HERE: (
        _("Not known here"),
        _("The service names money that no payment or refund of ours has."),
    ),
    DifferenceKind.MISSING_THERE: (
        _("On no bill"),
        _("We count it as done; the service billed it neither on its day nor on the next."),
    ),
    DifferenceKind.AMOUNT: (
        _("Another amount"),
        _("The service moved another amount than we have."),
    ),
    DifferenceKind.CURRENCY: (
        _("Another currency"),
        _("The service moved another currency than we have."),
    ),
    DifferenceKind.FEE: (
        _("Another fee"),
        _("The service kept another fee than was agreed. The books have what it kept."),
    ),
    DifferenceKind.DUPLICATE: (
        _("Billed twice"),
        _("The same money is on a bill again."),
    ),
    DifferenceKind.STATUS: (
        _("Not done here"),
        _("The service moved the money; here it has not arrived or not gone back."),
    ),
    DifferenceKind.BROKEN: (
        _("Cannot be read"),
        _("This line of the bill has no form we know. The others were read."),
    ),
}

# What an operator may say, and what follows.
EXPLANATIONS: dict[Explanation, tuple[Promise, Promise]] = {
    Explanation.PROMISED: (
        _("The service corrects it"),
        _("Stays set apart until a later bill takes it back; that is noticed by itself."),
    ),
    Explanation.OUR_ROW: (
        _("Our record is wrong"),
        _("The service is asked again now. If it says what its bill says, our record follows."),
    ),
    Explanation.WRITTEN_OFF: (
        _("Write it off"),
        _("Nobody makes it good: it goes to losses, or is kept."),
    ),
    Explanation.NOTED: (
        _("Nothing to book"),
        _("No money is set apart for it; your words are enough."),
    ),
    Explanation.CORRECTED: (_("Corrected by a later bill"), _("A line of that bill takes it back.")),
}


# What each account is called on the money page.
ACCOUNTS: dict[AccountKind, Promise] = {
    AccountKind.CLEARING: _("Held by payment services"),
    AccountKind.BANK: _("In our bank account"),
    AccountKind.DISPUTED: _("Taken back by chargebacks"),
    AccountKind.UNREDEEMED: _("Paid, not used yet"),
    AccountKind.STORED_VALUE: _("On gift cards"),
    AccountKind.STORED_HELD: _("Of gift cards, set aside for orders"),
    AccountKind.PAYABLE: _("Owed to merchants"),
    AccountKind.PAYOUT: _("On its way to merchants"),
    AccountKind.COMMISSION: _("Commission"),
    AccountKind.COMMISSION_TAX: _("Tax on commission"),
    AccountKind.PROVIDER_FEES: _("Fees of payment services"),
    AccountKind.PROMOTION: _("Discounts and goodwill"),
    AccountKind.LOSSES: _("Losses"),
    AccountKind.SUSPENSE: _("Of no order, on its way back"),
    AccountKind.DISCREPANCY: _("Differences of bills"),
    AccountKind.POINTS: _("Points of shoppers"),
    AccountKind.POINTS_HELD: _("Of points, set aside for orders"),
    AccountKind.POINTS_ISSUED: _("Points given"),
    AccountKind.POINTS_SPENT: _("Points spent"),
    AccountKind.POINTS_EXPIRED: _("Points expired"),
}

# Accounts that are ours, and so below nothing in the books: they are shown the other way round.
ASSETS = frozenset((AccountKind.CLEARING, AccountKind.BANK, AccountKind.DISPUTED))

# Why money moved.
TRANSACTIONS: dict[TransactionKind, Promise] = {
    TransactionKind.CAPTURE: _("Paid"),
    TransactionKind.SUSPENSE_IN: _("Came for no order"),
    TransactionKind.SUSPENSE_OUT: _("Sent back"),
    TransactionKind.REDEEM: _("Redeemed"),
    TransactionKind.UNDO_REDEEM: _("Redemption undone"),
    TransactionKind.REFUND: _("Refunded"),
    TransactionKind.REFUND_RETURNED: _("Refund came back"),
    TransactionKind.PROVIDER_FEE: _("Fees of a day"),
    TransactionKind.BANK_IN: _("Paid into the bank"),
    TransactionKind.PAYOUT_SENT: _("Payout sent"),
    TransactionKind.PAYOUT_PAID: _("Payout arrived"),
    TransactionKind.PAYOUT_BOUNCED: _("Payout bounced"),
    TransactionKind.ADJUST: _("Correction"),
    TransactionKind.DISPUTE_OPENED: _("Chargeback begun"),
    TransactionKind.DISPUTE_WON: _("Chargeback won"),
    TransactionKind.DISPUTE_LOST: _("Chargeback lost"),
    TransactionKind.RECONCILE: _("Set apart for a bill"),
    TransactionKind.WRITE_OFF: _("Written off"),
    TransactionKind.TOP_UP: _("Gift card bought"),
    TransactionKind.GOODWILL: _("Given away"),
    TransactionKind.STORED_HOLD: _("Set aside for an order"),
    TransactionKind.STORED_RELEASE: _("Set free"),
    TransactionKind.TOP_UP_REFUND: _("Gift card refunded"),
    TransactionKind.POINTS_EARNED: _("Points earned"),
    TransactionKind.POINTS_TAKEN_BACK: _("Points taken back"),
    TransactionKind.POINTS_HOLD: _("Set aside for an order"),
    TransactionKind.POINTS_RELEASE: _("Set free"),
    TransactionKind.POINTS_SPENT: _("Points spent"),
    TransactionKind.POINTS_RETURNED: _("Points returned"),
    TransactionKind.POINTS_EXPIRED: _("Points expired"),
}


def provider_label(name: str) -> str:
    """What a payment service is called; an unknown one by its own name."""
    return str(_PROVIDERS.get(name, name))
