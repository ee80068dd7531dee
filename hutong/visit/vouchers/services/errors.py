"""What can be wrong with a voucher, each with a code for programs and a sentence that says what to do.

Moments in `details` are aware datetimes, names are by language: whoever shows them puts them into words.
"""

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class CodeMistyped(Invalid):
    """The code cannot be one: its length or its check symbol is wrong. Says nothing about any voucher."""

    code = "voucher_code_mistyped"
    message = _("One letter is wrong or missing. Please check the code and type it again.")


class VoucherUnknown(NotFound):
    """No voucher of this merchant has this code. Another merchant's voucher gets the very same answer."""

    code = "voucher_unknown"
    message = _("This is not a voucher of this shop. Nothing was redeemed.")


class VoucherAlreadyUsed(Conflict):
    """No use is left. `used_at`, `store_ref` and `store_names` tell of the last one."""

    code = "voucher_already_used"
    message = _("This voucher was already used.")


class VoucherExpired(Conflict):
    """The voucher was good until `valid_until`."""

    code = "voucher_expired"
    status = 410
    message = _("This voucher has expired. The shopper gets help from the order's page.")


class VoucherNotYetValid(Conflict):
    """The voucher is good from `valid_from`."""

    code = "voucher_not_yet_valid"
    message = _("This voucher is not valid yet.")


class VoucherRefunded(Conflict):
    """The shopper had the voucher refunded."""

    code = "voucher_refunded"
    status = 410
    message = _("This voucher was refunded. Do not serve it.")


class VoucherGone(Conflict):
    """Another channel sold it, `channel`, and says that it is good no longer."""

    code = "voucher_gone"
    status = 410
    message = _("%(channel)s says that this voucher was given back, or used elsewhere. Do not serve it.")


class ImportTakenBack(Conflict):
    """A list of vouchers was taken back before."""

    code = "channel_import_taken_back"
    message = _("This list was taken back already.")


class VoucherBlocked(Conflict):
    """Its payment is in dispute: a bank took the money back, and may bring it again."""

    code = "voucher_blocked"
    message = _("A bank took back the payment of this voucher. Do not serve it now.")


class WrongStore(Conflict):
    """The voucher is of this merchant but not good in this store; `stores` names where it is."""

    code = "voucher_wrong_store"
    message = _("This voucher is not valid in this store.")


class VoucherChanged(Conflict):
    """Somebody changed the voucher at this very moment; trying again is right."""

    code = "voucher_changed"
    message = _("The voucher has just changed. Please scan it again.")


class NonceReused(Conflict):
    """The nonce of this device was used for another voucher."""

    code = "nonce_reused"
    message = _("This scan was already used for another voucher. Please scan again.")


class UndoForbidden(Forbidden):
    """Somebody else's redemption, and the person is no manager of the store."""

    code = "undo_forbidden"
    message = _("Only the same device or a manager can undo this.")


class UndoTooLate(Conflict):
    """The redemption is older than the window of `minutes`."""

    code = "undo_too_late"
    message = _("A redemption can be undone for %(minutes)s minutes only.")


class UndoTooOften(Conflict):
    """The voucher went through redeeming and undoing too many times."""

    code = "undo_too_often"
    message = _("This voucher was undone too many times. Please contact the platform.")


class RedemptionUndone(Conflict):
    """The redemption was undone before, at `undone_at`."""

    code = "redemption_undone"
    message = _("This redemption was already undone.")


class UnitsNotRefundable(Conflict):
    """Some of the units are used or refunded already: `unit_refs`. Nothing was released."""

    code = "units_not_refundable"
    message = _("This was already used or refunded.")


class ExtensionRefused(Invalid):
    """The new last day has passed, or is more than two years away."""

    code = "extension_refused"
    message = _("Choose a day from today on, within two years.")


class TermsWrong(Invalid):
    """The terms of an offer contradict themselves; `faults` are the codes of `rules.terms.faults`."""

    code = "terms_wrong"
    message = _("Some of the terms do not fit together. Please look at them again.")


class TermsRefuse(Conflict):
    """The voucher is good, and its terms do not allow this use: `reason`, and what belongs to it, see `Refusal`."""

    code = "voucher_terms"
    message = _("The terms of this voucher do not allow this now.")


class NotEnoughLeft(Conflict):
    """More uses were asked for than are `left`."""

    code = "voucher_not_enough"
    message = _("Only %(left)s are left on this voucher.")


class OverrideForbidden(Forbidden):
    """Only who manages the store lets something pass against the terms, with a reason."""

    code = "override_forbidden"
    message = _("Only a manager can redeem this against its terms.")


class VoucherNotGivable(Conflict):
    """It is nobody's to give: another person's, used up, over, refunded, or in dispute."""

    code = "voucher_not_givable"
    message = _("This voucher cannot be given away now.")


class VoucherGivenBefore(Conflict):
    """It changed hands once, and does so no more."""

    code = "voucher_given_before"
    message = _("This voucher was a gift already. It cannot be given on.")


class GiftUnknown(NotFound):
    """There is no such gift, or it is not the person's."""

    code = "gift_unknown"
    message = _("This link does not lead to a gift. Ask whoever sent it to send it again.")


class GiftIsYours(Conflict):
    """Whoever gave it opened the link."""

    code = "gift_is_yours"
    message = _("This is your own gift. Send the link to a friend.")


class GiftGone(Conflict):
    """Somebody opened it before, or it was taken back."""

    code = "gift_gone"
    message = _("This gift was opened already, or taken back.")
