"""What payouts refuse."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Invalid, NotFound


class BatchNotFound(NotFound):
    """There is no such batch."""

    code = "batch_not_found"
    message = _("There is no such batch of payouts.")


class PayoutNotFound(NotFound):
    """There is no such payout."""

    code = "payout_not_found"
    message = _("There is no such payout.")


class NothingToPay(Conflict):
    """No merchant is due: nothing was made."""

    code = "nothing_to_pay"
    message = _("Nobody is due a payout today.")


class BatchMoved(Conflict):
    """The batch is not where this step starts from."""

    code = "batch_moved"
    message = _("This batch has moved on meanwhile. Please look at it again.")


class AnotherApproves(Conflict):
    """Two people approve a batch above the limit; the second is neither the first nor who made it."""

    code = "another_approves"
    message = _("Another operator has to approve this batch: not who made it, and not who approved it first.")


class PayoutMoved(Conflict):
    """The payout is not where this step starts from."""

    code = "payout_moved"
    message = _("This payout has moved on meanwhile. Please look at it again.")


class PayoutTooLarge(Conflict):
    """The payable account holds less than the payout; nothing was sent. The books need a look first."""

    code = "payout_too_large"
    message = _("The books owe this merchant less than the payout. It was not sent; check the books first.")


class ReasonNeeded(Invalid):
    """Somebody will read the log and ask why."""

    code = "reason_needed"
    message = _("Please say why.")
