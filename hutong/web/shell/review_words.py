"""The words of reviews: aspects, reasons of reports, states, and what speaks against a review."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from hutong.attract.reviews.types import Reason, ReportReason, ReviewState, Signal, Sort

ASPECTS: Mapping[str, Any] = {
    "taste": gettext_lazy("Taste"),
    "service": gettext_lazy("Service"),
    "place": gettext_lazy("Place"),
    "value": gettext_lazy("Value for money"),
    "drinks": gettext_lazy("Drinks"),
    "mood": gettext_lazy("Atmosphere"),
    "result": gettext_lazy("Result"),
    "hygiene": gettext_lazy("Cleanliness"),
    "care": gettext_lazy("Care"),
    "fun": gettext_lazy("Fun"),
    "room": gettext_lazy("Room"),
    "range": gettext_lazy("Range of goods"),
    "freshness": gettext_lazy("Freshness"),
}
REPORTS: Mapping[ReportReason, Any] = {
    ReportReason.UNTRUE: gettext_lazy("It is not true"),
    ReportReason.OFFENSIVE: gettext_lazy("It insults or threatens somebody"),
    ReportReason.PRIVATE: gettext_lazy("It tells something private"),
    ReportReason.ADVERTISING: gettext_lazy("It is advertising"),
    ReportReason.OFF_TOPIC: gettext_lazy("It is about something else"),
    ReportReason.OTHER: gettext_lazy("Something else"),
}
STATES: Mapping[ReviewState, Any] = {
    ReviewState.WAITING: gettext_lazy("Being looked at"),
    ReviewState.SEALED: gettext_lazy("Sealed until the other side wrote"),
    ReviewState.PUBLISHED: gettext_lazy("Published"),
    ReviewState.HIDDEN: gettext_lazy("Not shown"),
    ReviewState.WITHDRAWN: gettext_lazy("Deleted by its author"),
}
SORTS: Mapping[Sort, Any] = {
    Sort.NEWEST: gettext_lazy("Newest"),
    Sort.HELPFUL: gettext_lazy("Most helpful"),
    Sort.LOWEST: gettext_lazy("Lowest first"),
    Sort.PHOTOS: gettext_lazy("With photos"),
}


def reason_words(reason: Reason) -> str:
    """Why a review is suspect, with what it was found by."""
    facts = dict(reason.facts)
    if reason.signal is Signal.BURST:
        return _("%(last_day)s reviews of this shop in a day, where %(usual_a_day)s are usual") % facts
    if reason.signal is Signal.SHARED_DEVICE:
        n = facts["authors"]
        text = ngettext("%(n)s other author on the same device", "%(n)s other authors on the same device", n)
        return text % {"n": n}
    if reason.signal is Signal.SHARED_ADDRESS:
        return _("%(authors)s other authors of this shop at the same network address") % facts
    if reason.signal is Signal.COPIED:
        return _("%(percent)s %% of the text stand in another review") % facts
    if reason.signal is Signal.NEW_ACCOUNT:
        return _("The account is %(hours)s hours old and gives %(stars)s stars") % facts
    return str(_PLAIN[reason.signal])


_PLAIN: Mapping[Signal, Any] = {
    Signal.OWN_SHOP: gettext_lazy("The author works for this shop"),
    Signal.COMPETITOR: gettext_lazy("The author works for a shop of the same kind nearby"),
    Signal.RING: gettext_lazy("People of this shop praised the shop the author works for"),
}


def linked_refs(reason: Reason) -> list[str]:
    """The reviews that a reason names, for a moderator to open."""
    if reason.signal is Signal.COPIED:
        return [str(reason.facts["like"])]
    return [str(ref) for ref in reason.facts.get("reviews", ())]
