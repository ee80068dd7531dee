"""A batch of payouts as its page shows it: in parts by how the money goes, each payout with what its provider said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import ProviderUnavailable
from hutong.pay.payments.types import TransferState, TransferView
from hutong.pay.settlement.types import ACCOUNT_CHANGED, PayoutState, PayoutView
from hutong.web.operator.money_names import provider_label

# Alipay's words have large letters, Stripe's small ones and a line between them. Our own are not shown.
_WORD = re.compile(r"[A-Z][A-Z0-9_]{3,}|(?!provider_|payment_)[a-z]+_[a-z]", re.ASCII)
_ANOTHER = gettext_lazy("There is no such account. The merchant has to enter another one.")
_PROVE = gettext_lazy("The merchant has to prove to the service who they are.")
_TOP_UP = gettext_lazy("Too little is on your account there. Top it up; it is tried again by itself.")
_OPEN = gettext_lazy("The service does not let you send money yet. Have it opened there.")
# By how the provider's word begins: what is wrong, and what can be done about it. Alipay's words, then Stripe's.
_FAILED: dict[str, Promise] = {
    "PAYEE_NOT_EXIST": _ANOTHER,
    "PAYEE_": gettext_lazy("The account or the name on it is not right. The merchant has to look at both."),
    "PERM_AML_": _PROVE,
    "EXCEED_LIMIT_SM_MIN_": gettext_lazy(
        "Less than the service sends. It goes with the merchant's next payout."
    ),
    "BLOCK_USER_": gettext_lazy("This account may not receive money. The merchant has to enter another one."),
    "resource_missing": _ANOTHER,
    "insufficient_capabilities_": _PROVE,
    "transfer_reversed": gettext_lazy("Somebody took it back in the console of the service."),
}
_WAITS: dict[str, Promise] = {
    ProviderUnavailable.code: gettext_lazy("The service does not answer. It is tried again by itself."),
    "PAYER_BALANCE_": _TOP_UP,
    "BALANCE_IS_NOT_": _TOP_UP,
    "EXCEED_LIMIT_": gettext_lazy("A limit is in the way. Have it raised; it is tried again by itself."),
    "PERMIT_": _OPEN,
    "ISV_": _OPEN,
    "balance_insufficient": _TOP_UP,
    "transfers_not_allowed": _OPEN,
    "The secret key may not": _OPEN,
}
_CHANGED = gettext_lazy(
    "The account was changed meanwhile. It was not sent; the next batch has it, to the new account."
)
SOON_S, LATER_S = 3, 30
"""After how many seconds a page looks again: at what a provider is about to be asked, and at what it has."""
_STAYS = (PayoutState.DROPPED, PayoutState.BOUNCED)


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """One payout. `said` is how a provider's transfer stands or ended, in words; `code` is the provider's own word.

    `again_s` is after how many seconds it may stand otherwise by itself, 0 for never.
    `waits` is whether a provider has been asked and has not sent it, as far as is known.
    `may_note` is whether an operator says how it ended, `may_give_up` whether they may give up what waits.
    """

    payout: PayoutView
    merchant: Mapping[str, str]
    said: str
    code: str
    waits: bool
    may_note: bool
    may_give_up: bool
    again_s: int

    @property
    def state(self) -> str:
        """The state to show: what was not sent to an account that is replaced has not come back from it."""
        return (PayoutState.DROPPED if self.payout.reason == ACCOUNT_CHANGED else self.payout.state).value

    @property
    def arrives(self) -> bool:
        """Whether "it arrived" is the operator's to say now."""
        return self.may_note and self.payout.state is PayoutState.SENT


@dataclass(frozen=True, slots=True)
class Part:
    """What goes the same way: by a provider, or with `provider` "" in a file for the bank.

    `total` is without what was dropped or came back.
    """

    provider: str
    label: str
    total: Money
    lines: Sequence[PayoutLine]
    to_note: int


def parts_of(
    payouts: Sequence[PayoutView],
    *,
    unit: str,
    through: Mapping[str, str],
    transfers: Mapping[str, TransferView],
    names: Mapping[str, Mapping[str, str]],
) -> list[Part]:
    """The parts of a batch that have something in them, the bank's first.

    What did not leave yet is in the part it will go by, as `through` says for its kind of account.
    """
    ways: dict[str, list[PayoutView]] = {}
    for payout in payouts:
        ways.setdefault(_way(payout, through), []).append(payout)
    return [
        _part(way, [_line(each, transfers.get(each.ref), names) for each in ways[way]], unit)
        for way in sorted(ways)
    ]


def _way(payout: PayoutView, through: Mapping[str, str]) -> str:
    if payout.state in (PayoutState.PENDING, PayoutState.DROPPED):
        return through.get(payout.details.kind.value, "")
    return payout.via


def _part(provider: str, lines: list[PayoutLine], unit: str) -> Part:
    amounts = (line.payout.amount for line in lines if line.payout.state not in _STAYS)
    return Part(
        provider=provider,
        label=provider_label(provider) if provider else "",
        total=sum(amounts, Money(0, unit)),
        lines=lines,
        to_note=sum(line.arrives for line in lines),
    )


def _line(
    payout: PayoutView, transfer: TransferView | None, names: Mapping[str, Mapping[str, str]]
) -> PayoutLine:
    said, code = _said(payout, transfer) if payout.via else (payout.reason, "")
    by_bank = not payout.via and payout.state in (PayoutState.SENT, PayoutState.PAID)
    open_here = bool(payout.via) and payout.state is PayoutState.SENT
    unknown = open_here and transfer is not None and transfer.state is TransferState.UNKNOWN
    return PayoutLine(
        payout=payout,
        merchant=names.get(payout.merchant_ref, {}),
        said=said,
        code=code,
        may_note=by_bank,
        waits=unknown and transfer is not None and bool(transfer.tries),
        may_give_up=unknown,
        again_s=(LATER_S if transfer is not None and _was_tried(transfer) else SOON_S) if open_here else 0,
    )


def _said(payout: PayoutView, transfer: TransferView | None) -> tuple[str, str]:
    """In words how a provider's transfer stands, and the provider's own word for it."""
    if payout.state is PayoutState.BOUNCED:
        if payout.reason == ACCOUNT_CHANGED:
            return str(_CHANGED), ""
        # An operator who gave it up wrote a reason; a provider has codes.
        return (
            (_words(payout.reason, _FAILED), payout.reason)
            if _WORD.match(payout.reason)
            else (payout.reason, "")
        )
    if payout.state is not PayoutState.SENT:
        return "", ""
    service = {"service": provider_label(payout.via)}
    if transfer is None or not _was_tried(transfer):
        return _("%(service)s is asked to send it within a minute.") % service, ""
    if transfer.state is not TransferState.UNKNOWN:
        return _("%(service)s is sending it, and will say whether it arrived.") % service, ""
    words = _words(transfer.reason, _WAITS)
    words = words or _("%(service)s did not say that it was sent. It is asked again by itself.") % service
    return words, transfer.reason if _WORD.match(transfer.reason) else ""


def _was_tried(transfer: TransferView) -> bool:
    return bool(transfer.tries or transfer.reason)


def _words(code: str, table: Mapping[str, Promise]) -> str:
    return next((str(words) for begin, words in table.items() if code.startswith(begin)), "")
