"""The terms of a voucher in words: the lines of its page, and why the scanner says no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel.dates import format_date, format_datetime, get_day_names
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from hutong.kernel.clock import local
from hutong.kernel.money import Money, format_money
from hutong.kernel.text import pick
from hutong.pay.groups.types import Terms as GroupTerms
from hutong.visit.vouchers.rules.terms import from_json
from hutong.visit.vouchers.types import (
    Days,
    Hours,
    RefundPromise,
    Refusal,
    Terms,
    TermsReason,
    VoucherKind,
)


@dataclass(frozen=True, slots=True)
class TermsLine:
    """One line of the terms with its icon."""

    icon: str
    text: str


def lines(terms: Terms) -> list[TermsLine]:
    """What a shopper has to know of the terms, the most important first; the promise of a refund stands elsewhere."""
    found = [*_what(terms), *_when(terms)]
    if terms.people:
        text = ngettext("For %(n)s person", "For up to %(n)s people", terms.people)
        found.append(TermsLine("user", text % {"n": terms.people}))
    if terms.at_once:
        text = ngettext("%(n)s at each visit", "At most %(n)s at each visit", terms.at_once)
        found.append(TermsLine("ticket", text % {"n": terms.at_once}))
    if terms.book_ahead_h:
        text = ngettext(
            "Book at least %(n)s hour ahead", "Book at least %(n)s hours ahead", terms.book_ahead_h
        )
        found.append(TermsLine("phone", text % {"n": terms.book_ahead_h}))
    return found


def group_lines(groups: GroupTerms, language: str) -> list[TermsLine]:
    """What an offer promises to who buys together, as its shop and the platform read it; nothing where it has none."""
    if groups.minimum:
        text = _("Only with %(n)s buyers or more by %(day)s; else everybody gets the money back")
        day = format_date(groups.last_on, "medium", locale=_locale()) if groups.last_on else ""
        return [TermsLine("users", text % {"n": groups.minimum, "day": day})]
    if not groups.steps:
        return []
    text = _("Groups of %(n)s: %(price)s each")
    found = [
        TermsLine("users", text % {"n": step.size, "price": format_money(step.price, language)})
        for step in groups.steps
    ]
    hours = ngettext("%(n)s hour to fill a group", "%(n)s hours to fill a group", groups.hours)
    found.append(TermsLine("hourglass", hours % {"n": groups.hours}))
    if groups.fill:
        fill = ngettext(
            "Full with %(n)s buyer missing at the end, too",
            "Full with %(n)s buyers missing at the end, too",
            groups.fill,
        )
        found.append(TermsLine("check", fill % {"n": groups.fill}))
    return found


def refund_words(terms: Terms) -> tuple[str, str]:
    """The promise of a refund: a headline, and what it means."""
    if terms.refund is RefundPromise.ANY_TIME:
        return (
            _("Refund any time before use"),
            _("The whole amount, with one tap. What is unused on its last day comes back by itself."),
        )
    if terms.refund is RefundPromise.UNTIL_EXPIRY:
        return (
            _("Refund before use, until the last day"),
            _("The whole amount, with one tap, as long as it is valid and unused."),
        )
    return _("Not refundable"), _("The shop may give the money back out of goodwill.")


def weekdays_words(weekdays: frozenset[int]) -> str:
    """Days of the week as people say them: Monday to Friday; Monday and Friday; not on Sundays."""
    names = get_day_names("wide", locale=_locale())
    missing = sorted(set(range(1, 8)) - weekdays)
    if len(missing) == 1:
        return _("Not on %(day)s") % {"day": _plural_day(names[missing[0] - 1])}
    return days_words(weekdays)


def days_words(weekdays: frozenset[int]) -> str:
    """Days of the week by their names: Monday to Friday; Monday, Friday."""
    names = get_day_names("wide", locale=_locale())
    days = sorted(weekdays)
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return _("%(first)s to %(last)s") % {"first": names[days[0] - 1], "last": names[days[-1] - 1]}
    return _(", ").join(names[day - 1] for day in days)


def hours_words(hours: tuple[Hours, ...]) -> str:
    """Hours of the day: 11:00-15:00, 22:00-02:00."""
    return _(", ").join(f"{span.opens:%H:%M}–{span.closes:%H:%M}" for span in hours)


def refusal_of(details: Mapping[str, Any]) -> tuple[Refusal, Terms]:
    """What the details of `TermsRefuse` say."""
    least = details["least"]
    found = Refusal(
        TermsReason(details["reason"]), details["next_at"], details["most"], Money(**least) if least else None
    )
    return found, from_json(details["terms"])


def refusal_words(refused: Refusal, terms: Terms, *, zone: str) -> tuple[str, str]:
    """Why the terms refuse: what is wrong, and from when it is good again."""
    advice = ""
    if refused.next_at:
        advice = _("It is good again from %(moment)s.") % {"moment": moment_words(refused.next_at, zone)}
    amount = format_money(refused.least, get_language() or "en") if refused.least else ""
    most = refused.most or 0
    text = {
        TermsReason.CLOSED_DAY: _("It is not valid on this day."),
        TermsReason.WEEKDAY: _("Its days: %(days)s.") % {"days": weekdays_words(terms.weekdays)},
        TermsReason.HOUR: _("Its hours: %(hours)s.") % {"hours": hours_words(terms.hours)},
        TermsReason.TOO_MANY: ngettext(
            "Only %(n)s is taken at one visit.", "At most %(n)s are taken at one visit.", most
        )
        % {"n": most},
        TermsReason.DAY_IS_USED: ngettext(
            "It is good once a day, and was used today.",
            "It is good %(n)s times a day, and was used today.",
            most,
        )
        % {"n": most},
        TermsReason.CHOICE_MISSING: _("Say what the shopper takes."),
        TermsReason.CHOICE_TAKEN: _("This was taken already. Choose something else."),
        TermsReason.BILL_MISSING: _("Say what the bill comes to: at least %(amount)s.") % {"amount": amount},
        TermsReason.BILL_SMALL: _("The bill has to come to %(amount)s at least.") % {"amount": amount},
    }[refused.reason]
    return text, advice


def moment_words(moment: datetime, zone: str) -> str:
    """A moment on the wall of a zone, with its weekday."""
    pattern = "M月d日 EEEE HH:mm" if _locale().startswith("zh") else "EEEE d MMMM, HH:mm"
    return str(format_datetime(local(moment, zone), pattern, locale=_locale()))


def _what(terms: Terms) -> list[TermsLine]:
    language = get_language() or "en"
    if terms.kind is VoucherKind.CHOICE:
        names = _(", ").join(
            pick(one.names, language) + (f" × {one.most}" if one.most > 1 else "") for one in terms.choices
        )
        values = {"n": terms.uses, "all": len(terms.choices), "names": names}
        return [TermsLine("list", _("Choose %(n)s of %(all)s: %(names)s") % values)]
    if terms.kind is VoucherKind.CASH and terms.face:
        values = {"face": format_money(terms.face, language)}
        text = _("%(face)s off the bill") % values
        if terms.least_bill:
            values["least"] = format_money(terms.least_bill, language)
            text = _("%(face)s off a bill of %(least)s or more") % values
        return [TermsLine("banknote", text), *_uses(terms)]
    if terms.kind is VoucherKind.PASS:
        if terms.a_day:
            text = ngettext("As often as you like, once a day", "Up to %(n)s times a day", terms.a_day)
            return [TermsLine("ticket", text % {"n": terms.a_day})]
        return [TermsLine("ticket", _("As often as you like"))]
    return _uses(terms)


def _uses(terms: Terms) -> list[TermsLine]:
    if terms.uses == 1:
        return []
    found = [TermsLine("ticket", _("%(n)s uses, each refundable while unused") % {"n": terms.uses})]
    if terms.refund is RefundPromise.NEVER:
        found = [TermsLine("ticket", _("%(n)s uses") % {"n": terms.uses})]
    if terms.a_day:
        text = ngettext("One use a day", "Up to %(n)s uses a day", terms.a_day)
        found.append(TermsLine("calendar", text % {"n": terms.a_day}))
    return found


def _when(terms: Terms) -> list[TermsLine]:
    text = ngettext(
        "Valid for %(n)s day after you buy", "Valid for %(n)s days after you buy", terms.valid_days
    )
    found = [TermsLine("calendar", text % {"n": terms.valid_days})]
    if terms.first_on:
        found.append(TermsLine("calendar", _("Valid from %(day)s") % {"day": day_words(terms.first_on)}))
    if terms.last_on:
        found.append(
            TermsLine("calendar", _("Valid until %(day)s at the latest") % {"day": day_words(terms.last_on)})
        )
    if terms.weekdays and len(terms.weekdays) < 7:
        found.append(TermsLine("calendar", weekdays_words(terms.weekdays)))
    if terms.hours:
        found.append(TermsLine("clock", hours_words(terms.hours)))
    if terms.closed:
        days = _(", ").join(_span(each) for each in terms.closed)
        found.append(TermsLine("calendar", _("Not on %(day)s") % {"day": days}))
    return found


def _span(days: Days) -> str:
    if days.first_on == days.last_on:
        return day_words(days.first_on)
    return f"{day_words(days.first_on)} – {day_words(days.last_on)}"


def day_words(day: date) -> str:
    """A day with its year, as people of the active language write it."""
    pattern = "y年M月d日" if _locale().startswith("zh") else "d MMM y"
    return str(format_date(day, pattern, locale=_locale()))


def _plural_day(name: str) -> str:
    """Not on Sundays, and in Chinese as it is."""
    return name if _locale().startswith("zh") else f"{name}s"


def _locale() -> str:
    return "zh_Hans_CN" if get_language() == "zh-hans" else "en_GB"
