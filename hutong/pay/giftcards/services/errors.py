"""What gift cards refuse, in words for people."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Invalid, NotFound


class CardUnknown(NotFound):
    """There is no such card, or it is somebody else's."""

    code = "gift_card_unknown"
    message = _("There is no such gift card.")


class CodeMistyped(Invalid):
    """The code cannot be one: its length or its check symbol is wrong. Says nothing about any card."""

    code = "gift_card_code_mistyped"
    message = _("One letter is wrong or missing. Please check the code and type it again.")


class CodeUnknown(NotFound):
    """No card waits for this code. A card that is claimed, blocked or taken back gets the very same answer."""

    code = "gift_card_code_unknown"
    message = _("This code opens no gift card, or somebody has opened it already.")


class BalanceChanged(Conflict):
    """The balance is less than was shown, and nothing was taken from it."""

    code = "balance_changed"
    message = _("Your balance has changed. Please look at the new total, then pay.")


class AmountRefused(Invalid):
    """A card is for an amount above nothing and up to `most`."""

    code = "gift_card_amount"
    message = _("Choose an amount above nothing, and within the limit.")


class ReasonMissing(Invalid):
    """An operator gives a card, or blocks one, for a reason that was said."""

    code = "gift_card_reason_missing"
    message = _("Please say why. The audit log keeps the reason.")


class CardChargedBack(Conflict):
    """A bank decides about the money that the card was bought with, or has taken it back."""

    code = "gift_card_charged_back"
    message = _(
        "A bank has asked for the money of this gift card. The card opens by itself once the bank has decided, unless the"
        " platform bore a part."
    )


class CardMoved(Conflict):
    """The card is not in the state the step starts from; nothing was changed."""

    code = "gift_card_moved"
    message = _("This gift card has changed meanwhile. Please look at it again.")
