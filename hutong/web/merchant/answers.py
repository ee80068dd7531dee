"""The big yes or no of the scan page: what happened, and what to do, in words for the person at the counter."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from babel.dates import format_datetime, format_time
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from hutong.flows.terms_words import refusal_of, refusal_words
from hutong.kernel.clock import local
from hutong.kernel.errors import DomainError
from hutong.kernel.text import pick
from hutong.town.catalog.types import Include
from hutong.visit.vouchers.rules import UNDO_WINDOW
from hutong.visit.vouchers.types import RedemptionResult, UndoResult, VoucherKind, VoucherState


class Tone(StrEnum):
    """Yes: serve it. No: do not. Wait: nothing is wrong with the voucher, do something else first."""

    YES = "yes"
    NO = "no"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Answer:
    """What fills the screen after a scan. It says nothing about the shopper.

    `undo_ref` is the redemption that can be taken back until `undo_until`, `receipt_ref` the one that has a receipt.
    `vouchers` are those of this site that gave the uses, one for each use: the phone remembers them.
    """

    tone: Tone
    headline: str
    text: str = ""
    advice: str = ""
    titles: dict[str, str] | None = None
    includes: tuple[Include, ...] = ()
    use: str = ""
    vouchers: tuple[str, ...] = ()
    at: datetime | None = None
    channel: str = ""
    undo_ref: str = ""
    receipt_ref: str = ""
    undo_until: datetime | None = None
    code: str = field(default="", repr=False)
    status: int = 200


def yes(result: RedemptionResult, *, includes: tuple[Include, ...], at: datetime) -> Answer:
    """Redeemed. The answer to a repeated request is the same, except that it may have been undone since."""
    if result.undone:
        return Answer(
            Tone.WAIT,
            _("Undone"),
            text=_("This redemption was undone meanwhile. The voucher can be used again."),
            titles=result.titles,
            at=result.at,
        )
    undo_until = result.at + UNDO_WINDOW
    return Answer(
        Tone.YES,
        _("Valid"),
        titles=result.titles,
        includes=includes,
        use=_use(result),
        vouchers=() if result.channel else tuple(one.voucher_ref for one in result.redeemed),
        channel=result.channel,
        at=result.at,
        undo_ref=result.redemption_ref if at < undo_until else "",
        undo_until=undo_until,
        # Whoever bought it elsewhere has no receipt here.
        receipt_ref="" if result.channel else result.redemption_ref,
    )


def _use(result: RedemptionResult) -> str:
    """What of the voucher was used: which of its things, how many, which visit."""
    if result.kind is VoucherKind.PASS:
        return _("Visit %(no)s") % {"no": result.use_no}
    chosen = [pick(one.choice, get_language() or "en") for one in result.redeemed if one.choice]
    number = len(result.redeemed)
    if number > 1:
        words = ngettext("%(n)s used, %(left)s left", "%(n)s used, %(left)s left", number)
        chosen.append(words % {"n": number, "left": result.uses_left})
    elif result.uses_total > 1:
        words = _("Use %(no)s of %(total)s, %(left)s left")
        chosen.append(words % {"no": result.use_no, "total": result.uses_total, "left": result.uses_left})
    return " · ".join(chosen)


def undone(result: UndoResult) -> Answer:
    """A redemption was taken back."""
    text = _("Nothing was redeemed. The voucher can be used again.")
    if result.voucher_state is VoucherState.EXPIRED:
        text = _("Nothing was redeemed. The voucher has expired meanwhile; the shopper can ask for a refund.")
    return Answer(Tone.WAIT, _("Undone"), text=text, titles=result.titles, at=result.at)


def no(error: DomainError, *, code: str, zone: str, at: datetime) -> Answer:
    """Why not, in plain words, and what to do. `code` stays in the field where it was only mistyped."""
    explain = _EXPLANATIONS.get(error.code)
    if explain is None:
        return Answer(Tone.NO, _("Not redeemed"), text=str(error), status=error.status)
    tone, headline, text, advice = explain(error.details, zone, at)
    keeps = error.code in ("voucher_code_mistyped", "too_many", "voucher_changed", "nonce_reused")
    return Answer(
        tone,
        headline,
        text=text or str(error),
        advice=advice,
        code=code if keeps else "",
        status=error.status,
    )


Explained = tuple[Tone, str, str, str]


def _mistyped(_details: dict[str, Any], _zone: str, _at: datetime) -> Explained:
    return (
        Tone.WAIT,
        _("Check the code"),
        _("One letter is wrong or missing. A code has 16 letters and digits."),
        _("Compare it with the shopper's screen and type it again, or scan the QR code."),
    )


def _unknown(_details: dict[str, Any], _zone: str, _at: datetime) -> Explained:
    return (
        Tone.NO,
        _("Not a voucher of this shop"),
        _("Nothing was redeemed."),
        _("Ask the shopper to open “Vouchers” in the app and show the voucher for this shop."),
    )


def _used(details: dict[str, Any], zone: str, at: datetime) -> Explained:
    store = pick(details.get("store_names") or {}, get_language() or "en")
    used_at = details.get("used_at")
    text = ""
    if used_at is not None:
        text = _("Used %(moment)s at %(store)s.") % {
            "moment": _moment(used_at, zone, at),
            "store": store,
        }
    return (
        Tone.NO,
        _("Already used"),
        text,
        _("Do not serve it again. The shopper sees the same time in the app."),
    )


def _expired(details: dict[str, Any], zone: str, at: datetime) -> Explained:
    text = ""
    if details.get("valid_until"):
        # the end is the midnight after the last day
        last = details["valid_until"] - timedelta(seconds=1)
        text = _("It was valid until %(moment)s.") % {"moment": _day(last, zone, at)}
    return (
        Tone.NO,
        _("Expired"),
        text,
        _("Do not serve it. The shopper gets help from the order's page in the app."),
    )


def _early(details: dict[str, Any], zone: str, at: datetime) -> Explained:
    text = ""
    if details.get("valid_from"):
        text = _("It is valid from %(moment)s.") % {"moment": _moment(details["valid_from"], zone, at)}
    return (Tone.WAIT, _("Not valid yet"), text, _("Ask the shopper to come back then."))


def _refunded(_details: dict[str, Any], _zone: str, _at: datetime) -> Explained:
    return (
        Tone.NO,
        _("Refunded"),
        _("The shopper got the money back."),
        _("Do not serve it on this voucher; offer to buy it again."),
    )


def _gone(details: dict[str, Any], _zone: str, _at: datetime) -> Explained:
    return (
        Tone.NO,
        _("Good no longer"),
        _("%(channel)s says that it was given back, or used elsewhere.") % {"channel": details["channel"]},
        _("Do not serve it. The shopper gets help from whoever sold it."),
    )


def _blocked(_details: dict[str, Any], _zone: str, _at: datetime) -> Explained:
    return (
        Tone.WAIT,
        _("On hold"),
        _("The shopper's bank took the payment back, and it is not decided yet who keeps it."),
        _("Do not serve it now. Offer to buy it again."),
    )


def _elsewhere(details: dict[str, Any], _zone: str, _at: datetime) -> Explained:
    names = [pick(each, get_language() or "en") for each in details.get("stores") or []]
    text = _("It is valid at: %(stores)s.") % {"stores": ", ".join(names)} if names else ""
    return (
        Tone.WAIT,
        _("Not valid in this store"),
        text,
        _("Show the shopper the way to one of these stores."),
    )


def _terms(details: dict[str, Any], zone: str, _at: datetime) -> Explained:
    refused, terms = refusal_of(details)
    text, advice = refusal_words(refused, terms, zone=zone)
    return (Tone.WAIT, _("Not now"), text, advice or _("Nothing was redeemed."))


def _few(details: dict[str, Any], _zone: str, _at: datetime) -> Explained:
    text = ngettext("Only %(n)s is left.", "Only %(n)s are left.", details["left"]) % {"n": details["left"]}
    return (Tone.WAIT, _("Not enough left"), text, _("Nothing was redeemed. Choose fewer."))


def _waits(details: dict[str, Any], _zone: str, _at: datetime) -> Explained:
    minutes = max(1, round(int(details.get("retry_after_s", 60)) / 60))
    return (
        Tone.WAIT,
        _("Too many wrong codes"),
        _("Codes are not looked at for %(minutes)s minutes.") % {"minutes": minutes},
        _("Ask a manager to scan with another device."),
    )


def _again(_details: dict[str, Any], _zone: str, _at: datetime) -> Explained:
    return (
        Tone.WAIT,
        _("Please scan again"),
        _("Something changed at this very moment. Nothing was redeemed."),
        "",
    )


_EXPLANATIONS = {
    "voucher_code_mistyped": _mistyped,
    "voucher_unknown": _unknown,
    "voucher_already_used": _used,
    "voucher_expired": _expired,
    "voucher_not_yet_valid": _early,
    "voucher_refunded": _refunded,
    "voucher_blocked": _blocked,
    "voucher_gone": _gone,
    "voucher_wrong_store": _elsewhere,
    "voucher_terms": _terms,
    "voucher_not_enough": _few,
    "voucher_changed": _again,
    "nonce_reused": _again,
    "too_many": _waits,
}


def _locale() -> str:
    return "zh_Hans_CN" if get_language() == "zh-hans" else "en_GB"


def _moment(moment: datetime, zone: str, at: datetime) -> str:
    wall = local(moment, zone)
    time = format_time(wall, "HH:mm", locale=_locale())
    days = (local(at, zone).date() - wall.date()).days
    if days == 0:
        return _("today %(time)s") % {"time": time}
    if days == 1:
        return _("yesterday %(time)s") % {"time": time}
    pattern = "M月d日 HH:mm" if _locale().startswith("zh") else "d MMM HH:mm"
    return str(format_datetime(wall, pattern, locale=_locale()))


def _day(moment: datetime, zone: str, at: datetime) -> str:
    wall = local(moment, zone)
    if (local(at, zone).date() - wall.date()).days == 1:
        return _("yesterday")
    pattern = "y年M月d日" if _locale().startswith("zh") else "d MMM y"
    return str(format_datetime(wall, pattern, locale=_locale()))
