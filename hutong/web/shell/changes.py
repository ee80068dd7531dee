"""Changes in words: which field, what it said before and says now. For versions of contents and for the log."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel.dates import format_date, format_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from hutong.flows.offers.body import special_prices_of
from hutong.flows.special_prices import words as price_words
from hutong.kernel import clock
from hutong.kernel.money import Money, format_money
from hutong.town.contents.rules import difference
from hutong.town.contents.types import Change, Piece, PieceKind
from hutong.web.shell.templatetags.hutong import STYLES, locale, promise
from hutong.web.shell.typed import percent

FIELDS = {
    "address": gettext_lazy("Address"),
    "amount": gettext_lazy("Amount"),
    "alts": gettext_lazy("Words of a picture"),
    "audience": gettext_lazy("For"),
    "bearer": gettext_lazy("Who bears the payment service's fee"),
    "business_id": gettext_lazy("Business id"),
    "brought": gettext_lazy("Newly brought in"),
    "budget_amount": gettext_lazy("It may cost at most"),
    "budget_count": gettext_lazy("It may be used so often"),
    "capacity": gettext_lazy("Number for sale"),
    "bad_rows": gettext_lazy("Rows that brought nothing"),
    "category": gettext_lazy("Category"),
    "channel": gettext_lazy("Sold by"),
    "city": gettext_lazy("City"),
    "code": gettext_lazy("Code"),
    "claims": gettext_lazy("Listings may be claimed"),
    "descriptions": gettext_lazy("Text"),
    "coupons": gettext_lazy("Coupons"),
    "coupons_each": gettext_lazy("Coupons for one person"),
    "disputed": gettext_lazy("Somebody else has it"),
    "effect": gettext_lazy("It takes off"),
    "earning": gettext_lazy("Points are given"),
    "email": gettext_lazy("E-mail"),
    "emoji": gettext_lazy("Picture sign"),
    "ends_at": gettext_lazy("On sale until"),
    "ends_on": gettext_lazy("On sale until"),
    "feature": gettext_lazy("Feature"),
    "fixed": gettext_lazy("Amount for each use"),
    "free_months": gettext_lazy("Free months"),
    "gone": gettext_lazy("Good no longer"),
    "hidden": gettext_lazy("Hidden"),
    "holds_from": gettext_lazy("Holds from"),
    "holds_until": gettext_lazy("Holds until"),
    "hue": gettext_lazy("Colour"),
    "is_operator": gettext_lazy("Operator"),
    "issue": gettext_lazy("Who gets it"),
    "issue_limit": gettext_lazy("So many coupons in all"),
    "issue_minimum": gettext_lazy("For orders of at least"),
    "lane": gettext_lazy("Kind of discount"),
    "includes": gettext_lazy("What is in it"),
    "kind": gettext_lazy("Kind"),
    "legal_name": gettext_lazy("Legal name"),
    "merchant": gettext_lazy("Merchant"),
    "minimum": gettext_lazy("At least, for each use"),
    "minutes": gettext_lazy("Minutes"),
    "months": gettext_lazy("Months until points end"),
    "list_price": gettext_lazy("List price"),
    "name": gettext_lazy("Name shown"),
    "most": gettext_lazy("At most"),
    "names": gettext_lazy("Name shown"),
    "offer": gettext_lazy("Deal"),
    "opening_hours": gettext_lazy("Opening hours"),
    "per_person": gettext_lazy("Orders of one person"),
    "per_person_limit": gettext_lazy("For each person"),
    "phone": gettext_lazy("Phone"),
    "pictures": gettext_lazy("Pictures"),
    "place": gettext_lazy("Place on the map"),
    "points_for": gettext_lazy("Points for what is paid"),
    "points_step": gettext_lazy("Points in one step"),
    "points_worth": gettext_lazy("What points are worth"),
    "position": gettext_lazy("Place"),
    "postcode": gettext_lazy("Postcode"),
    "price": gettext_lazy("Price"),
    "provider_fixed": gettext_lazy("Fee for each line of an order"),
    "provider_rate_ppm": gettext_lazy("Fee in percent of the price"),
    "rate_ppm": gettext_lazy("Percent of the price"),
    "refund": gettext_lazy("Refund"),
    "region": gettext_lazy("Region"),
    "review_contents": gettext_lazy("Look at contents first"),
    "role": gettext_lazy("Role"),
    "segment": gettext_lazy("Customers"),
    "share_ppm": gettext_lazy("Share of an order"),
    "shown_from": gettext_lazy("Shown from"),
    "shown_until": gettext_lazy("Shown until"),
    "sign_up": gettext_lazy("New shops may sign up"),
    "starts_at": gettext_lazy("On sale from"),
    "starts_on": gettext_lazy("On sale from"),
    "special_prices": gettext_lazy("Prices by quantity or by hours"),
    "state": gettext_lazy("State"),
    "steps_bind": gettext_lazy("The number counts after a refund, too"),
    "store": gettext_lazy("Store"),
    "stores": gettext_lazy("Stores"),
    "tags": gettext_lazy("Promises"),
    "tax_ppm": gettext_lazy("Tax on the commission"),
    "terms": gettext_lazy("Terms"),
    "texts": gettext_lazy("Words"),
    "words": gettext_lazy("Words"),
    "titles": gettext_lazy("Title"),
    "to": gettext_lazy("Sent to"),
    "unit": gettext_lazy("Currency"),
    "units": gettext_lazy("Units"),
    "until": gettext_lazy("Valid until"),
    "uses": gettext_lazy("Uses"),
    "valid_days": gettext_lazy("Days valid after purchase"),
    "vouchers": gettext_lazy("Vouchers"),
    "website": gettext_lazy("Website"),
}
LANGUAGES = {"en": gettext_lazy("English"), "zh-Hans": gettext_lazy("Chinese")}
# A public id: three letters and a UUID in base32.
REF = re.compile(r"[a-z]{3}_[0-9a-z]{26}")
# What the machine needs and people do not read.
SILENT = frozenset({"revision", "number", "hue", "digest", "owner"})
STATES = {
    "applied": gettext_lazy("waiting"),
    "approved": gettext_lazy("approved"),
    "draft": gettext_lazy("draft"),
    "ended": gettext_lazy("ended"),
    "live": gettext_lazy("on sale"),
    "paused": gettext_lazy("paused"),
    "published": gettext_lazy("published"),
    "rejected": gettext_lazy("refused"),
    "submitted": gettext_lazy("waiting"),
    "suspended": gettext_lazy("suspended"),
    "waiting": gettext_lazy("waiting"),
}
ROLES = {
    "accountant": gettext_lazy("Accountant"),
    "cashier": gettext_lazy("Cashier"),
    "courier": gettext_lazy("Courier"),
    "manager": gettext_lazy("Manager"),
    "owner": gettext_lazy("Owner"),
}
AUDIENCES = {
    "all": gettext_lazy("Everybody"),
    "shoppers": gettext_lazy("Shoppers"),
    "shops": gettext_lazy("Shops and operators"),
}
BEARERS = {"platform": gettext_lazy("The platform"), "merchant": gettext_lazy("The shop")}
# Values that are words of the code, by field.
VALUES = {"state": STATES, "role": ROLES, "audience": AUDIENCES, "bearer": BEARERS}
MOMENTS = ("starts_at", "ends_at", "shown_from", "shown_until", "holds_from", "holds_until")
DAYS = ("starts_on", "ends_on")
AMOUNTS = (
    "price",
    "list_price",
    "amount",
    "fixed",
    "minimum",
    "provider_fixed",
    "budget_amount",
    "issue_minimum",
    "most",
)


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One field that differs. `pieces` has what stayed, came and went of a text; else `before` and `after`."""

    label: str
    pieces: tuple[Piece, ...]
    before: str
    after: str


def lines(changes: Sequence[Change], *, unit: str = "", zone: str = "") -> list[ChangeLine]:
    """The changes in words; amounts are in `unit`, moments in `zone`."""
    return [_line(change, unit, zone) for change in changes if change.field.split(".")[0] not in SILENT]


def lines_of_log(
    changes: Mapping[str, Sequence[Any]], *, names: Mapping[str, str], unit: str = "", zone: str = ""
) -> list[ChangeLine]:
    """The changes of an entry of the log in words; `names` are those of the things that values refer to."""
    told = {field: [_named(value, names) for value in pair] for field, pair in changes.items()}
    before = {field: pair[0] for field, pair in told.items()}
    after = {field: pair[1] for field, pair in told.items()}
    return lines(difference(before, after), unit=unit, zone=zone)


def refs_in(changes: Mapping[str, Sequence[Any]]) -> set[str]:
    """The public ids among the values of an entry's changes, alone or in a list."""
    values = (value for pair in changes.values() for value in pair)
    every = (one for value in values for one in (value if isinstance(value, list) else [value]))
    return {one for one in every if isinstance(one, str) and REF.fullmatch(one)}


def _named(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_named(one, names) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


def field_words(field: str) -> str:
    """`descriptions.zh-Hans` as `Text (Chinese)`; what has no word stays readable."""
    first, last = field.split(".", maxsplit=1)[0], field.rsplit(".", maxsplit=1)[-1]
    if first in LANGUAGES:
        first, last = "texts", first
    word = str(FIELDS.get(first, first.replace("_", " ")))
    language = LANGUAGES.get(last) if last != first else None
    return _("%(field)s (%(language)s)") % {"field": word, "language": language} if language else word


def _line(change: Change, unit: str, zone: str) -> ChangeLine:
    field = change.field.split(".")[0]
    plain = field in ("emoji", *MOMENTS, *DAYS, *VALUES) or all(
        isinstance(value, str) and value.isdigit() for value in (change.before, change.after) if value
    )
    changed = [piece for piece in change.pieces if piece.kind is not PieceKind.SAME]
    in_words = bool(changed) and not plain and field not in ("price", "list_price", "phone", "email")
    return ChangeLine(
        label=field_words(change.field),
        pieces=change.pieces if in_words else (),
        before=_value(field, change.before, unit, zone),
        after=_value(field, change.after, unit, zone),
    )


def _value(field: str, value: Any, unit: str, zone: str) -> str:
    if value in (None, "", [], {}):
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field.endswith("_ppm") and isinstance(value, int):
        return percent(value)
    if field in AMOUNTS and isinstance(value, int) and unit:
        return format_money(Money(value, unit), locale())
    if field == "pictures" and isinstance(value, list):
        words = ngettext("%(n)s picture", "%(n)s pictures", len(value))
        return words % {"n": len(value)}
    if field == "emoji" and isinstance(value, str):
        return _sign(value)
    if field in VALUES:
        return str(VALUES[field].get(str(value), value))
    if field == "tags" and isinstance(value, list):
        return ", ".join(promise(tag) for tag in value)
    if field == "includes" and isinstance(value, list):
        return ", ".join(_part(part, unit) for part in value)
    if field == "special_prices" and isinstance(value, list) and unit:
        return "; ".join(price_words(special_prices_of({"unit": unit, "special_prices": value}), bind=False))
    if field in MOMENTS and zone:
        wall = clock.local(datetime.fromisoformat(str(value)), zone)
        return format_datetime(wall, STYLES[locale()]["long"], locale=locale())
    if field in DAYS:
        return format_date(date.fromisoformat(str(value)), locale=locale())
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)


def _sign(code: str) -> str:
    """The emoji of a code such as `1f39f-fe0f`; what is none stays as it is."""
    try:
        return "".join(chr(int(point, 16)) for point in code.split("-"))
    except (ValueError, OverflowError):
        return code


def _part(part: Mapping[str, Any], unit: str) -> str:
    name = " / ".join(str(name) for name in part.get("names", {}).values())
    worth = part.get("value")
    priced = f" ({format_money(Money(worth, unit), locale())})" if unit and isinstance(worth, int) else ""
    return f"{part.get('quantity', 1)} × {name}{priced}"
