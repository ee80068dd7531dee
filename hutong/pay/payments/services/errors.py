"""What payments refuse, in words for people."""

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, NotFound


class PaymentNotFound(NotFound):
    """There is no such payment."""

    code = "payment_not_found"
    message = _("There is no such payment.")


class RefundNotFound(NotFound):
    """There is no such refund."""

    code = "refund_not_found"
    message = _("There is no such refund.")


class AlreadyPaid(Conflict):
    """The order has its money."""

    code = "already_paid"
    message = _("This order is paid already.")


class PaymentNotPayable(Conflict):
    """The payment failed or was called off."""

    code = "payment_not_payable"
    message = _("This payment is closed. Please order again.")


class RefundTooLarge(Conflict):
    """More is asked back than the payment holds and no other refund has taken."""

    code = "refund_too_large"
    message = _("More is asked back than this payment still holds.")


class RefundNotFailed(Conflict):
    """Only a refund that failed is sent again."""

    code = "refund_not_failed"
    message = _("This refund is done or under way; there is nothing to send again.")
