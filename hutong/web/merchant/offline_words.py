"""What the scan page says without a network, and what a conflict means: in words for the person at the counter."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hutong.web.merchant.answers import Tone


@dataclass(frozen=True, slots=True)
class OfflineWords:
    """An answer of the scan page without a network: `reason` is what `frontend/js/offline/judge.js` says."""

    reason: str
    tone: Tone
    headline: Promise
    text: Promise
    advice: Promise | str = ""
    of_voucher: bool = True


@dataclass(frozen=True, slots=True)
class ConflictWords:
    """Why a scan could not be redeemed, by the code of the reason, and what to do."""

    reason: str
    text: Promise
    advice: Promise


ANSWERS = (
    OfflineWords(
        "yes",
        Tone.YES,
        _("Valid"),
        _("Offline: it is counted when the network is back."),
    ),
    OfflineWords(
        "foreign",
        Tone.NO,
        _("Not valid here"),
        _("This is not a voucher of this shop, or it was not made by this site."),
        _("Do not serve it."),
        of_voucher=False,
    ),
    OfflineWords(
        "revoked",
        Tone.NO,
        _("Already used or refunded"),
        _("It was over when this phone last reached the site."),
        _("Do not serve it. Scan it again when the network is back to see why."),
    ),
    OfflineWords(
        "given",
        Tone.NO,
        _("Given to a friend"),
        _("Its new owner has another code. This one is of whoever gave it."),
        _("Do not serve it. Ask for the code of its new owner."),
    ),
    OfflineWords(
        "again",
        Tone.NO,
        _("Already scanned here"),
        _("This phone has scanned it as often as it may be used."),
        _("Do not serve it again."),
    ),
    OfflineWords(
        "few",
        Tone.NO,
        _("Fewer are left"),
        _("This phone knows that fewer uses of this voucher are left than were asked for."),
        _("Scan it again for one use. Of several vouchers scan each by itself."),
    ),
    OfflineWords(
        "many",
        Tone.NO,
        _("Too many at once"),
        _("The terms of this voucher allow fewer uses at once than were asked for."),
        _("Scan it again for fewer uses."),
    ),
    OfflineWords(
        "day",
        Tone.NO,
        _("Fewer are left today"),
        _("With what this phone scanned today, that is more uses than this voucher allows in one day."),
        _("Scan it again for one use. Of several vouchers scan each by itself."),
    ),
    OfflineWords("expired", Tone.NO, _("Expired"), _("Its last day is over."), _("Do not serve it.")),
    OfflineWords(
        "early",
        Tone.WAIT,
        _("Not valid yet"),
        _("Its first day has not come."),
        _("Ask the shopper to come back then."),
    ),
    OfflineWords(
        "elsewhere",
        Tone.WAIT,
        _("Not valid in this store"),
        _("It is valid in another store of this shop."),
        _("The shopper's voucher page says where."),
    ),
    OfflineWords(
        "terms",
        Tone.WAIT,
        _("Not now"),
        _("Its terms do not allow it on this day or at this hour."),
        _("The shopper's voucher page says when."),
    ),
    OfflineWords(
        "asks",
        Tone.WAIT,
        _("Needs the network"),
        _("For this voucher something has to be chosen or looked up."),
        _("Serve it when the network is back."),
    ),
    OfflineWords(
        "typed",
        Tone.WAIT,
        _("Needs the network"),
        _("A typed code cannot be verified without a network."),
        _("Scan the QR code instead."),
        of_voucher=False,
    ),
    OfflineWords(
        "value",
        Tone.WAIT,
        _("The limit is reached"),
        _("The scans that wait are worth as much as the shop allows."),
        _("Get this phone to a network; it sends them by itself."),
    ),
    OfflineWords(
        "full",
        Tone.WAIT,
        _("The limit is reached"),
        _("As many scans wait as the shop allows."),
        _("Get this phone to a network; it sends them by itself."),
        of_voucher=False,
    ),
    OfflineWords(
        "stale",
        Tone.WAIT,
        _("Too long without a network"),
        _("This phone has not reached the site for longer than the shop allows."),
        _("Get it to a network for a moment."),
        of_voucher=False,
    ),
    OfflineWords(
        "never",
        Tone.WAIT,
        _("Needs the network"),
        _("This phone has not reached the site yet."),
        _("Open this page once with a network."),
        of_voucher=False,
    ),
    OfflineWords(
        "off",
        Tone.WAIT,
        _("Needs the network"),
        _("The shop does not allow scanning without a network."),
        _("Wait until the network is back."),
        of_voucher=False,
    ),
)

CONFLICTS = (
    ConflictWords(
        "voucher_already_used",
        _("It was used somewhere else before this scan arrived."),
        _("Compare the times. If the same shopper came twice, ask for the price of the second visit."),
    ),
    ConflictWords(
        "voucher_not_enough",
        _("Fewer uses were left than were taken."),
        _("Ask the shopper for the price of what was too much."),
    ),
    ConflictWords(
        "voucher_refunded",
        _("The shopper had taken the money back."),
        _("Ask the shopper to buy it again."),
    ),
    ConflictWords(
        "voucher_blocked",
        _("The shopper's bank had taken the payment back."),
        _("Keep the receipt: it helps when the bank asks what was served."),
    ),
    ConflictWords(
        "voucher_expired",
        _("It was over when it was scanned."),
        _("Look at the day until which a voucher holds before you serve it the next time."),
    ),
    ConflictWords(
        "offline_ended_meanwhile",
        _("It was scanned in time, but ended before the scan arrived, and its money went back by itself."),
        _(
            "Ask the shopper for the price, and let phones reach the site before a voucher's last day is over."
        ),
    ),
    ConflictWords(
        "offline_given_meanwhile",
        _("It was given to a friend before this scan arrived, and has another code since."),
        _("Whoever showed it had given it away. Ask them for the price; the friend keeps the voucher."),
    ),
    ConflictWords(
        "voucher_terms",
        _("Its terms did not allow it at that moment."),
        _("Look at the terms of the deal before you serve it the next time."),
    ),
    ConflictWords(
        "voucher_wrong_store",
        _("It is valid in another store."),
        _("Settle it with the other store."),
    ),
    ConflictWords(
        "offline_too_old",
        _("It was sent more than seven days after the scan."),
        _("Ask the platform, with the time of the scan."),
    ),
    ConflictWords("", _("It could not be redeemed."), _("Ask the platform, with the time of the scan.")),
)
_BY_REASON = {words.reason: words for words in CONFLICTS}


def conflict_words(reason: str) -> ConflictWords:
    """Why, and what to do; of a rare reason in general words."""
    return _BY_REASON.get(reason, _BY_REASON[""])


# What every page of the scanner brings for the time without a network.
WITHOUT_NETWORK = {"offline_answers": ANSWERS, "offline_conflicts": CONFLICTS}
