"""Tags and filters of all pages: money, distance, time, names, icons, pictures, QR codes."""

import io
import json
import re
import zlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import phonenumbers
import segno
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from django import template
from django.conf import settings
from django.forms import BoundField
from django.forms.widgets import CheckboxInput, Select, Textarea
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt

from hutong.kernel import clock
from hutong.kernel import live as kernel_live
from hutong.kernel.money import MINUS, Money, format_money
from hutong.kernel.text import mask_phone, pick

register = template.Library()
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")

_CODE = re.compile(r"\b\d{6}\b")

PROMISES = {
    "refund_any_time": lambda: _("Refund any time"),
    "no_booking": lambda: _("No booking needed"),
    "weekends_too": lambda: _("Weekends, too"),
    "new_customers": lambda: _("New customers"),
    "book_ahead": lambda: _("Book ahead"),
    "takeaway": lambda: _("Takeaway possible"),
    "group_price": lambda: _("Price for groups"),
}


def locale() -> str:
    """Babel's name of the active language."""
    return "zh_Hans_CN" if get_language() == "zh-hans" else "en_GB"


@register.filter
def money(amount: Money | int | None, unit: str = "") -> str:
    """An amount as people write it: `{{ total|money }}` for Money, `{{ minor|money:unit }}` for minor units."""
    if amount is None:
        return ""
    value = amount if isinstance(amount, Money) else Money(int(amount), unit)
    return format_money(value, locale())


@register.filter
def distance(metres: float | None) -> str:
    """`350 m` (to 10 m) below a kilometre, `1.2 km` (to 100 m) above, whole kilometres from 20 on."""
    if metres is None:
        return ""
    if metres < 995:
        return _("%(n)s m") % {"n": max(10, round(metres / 10) * 10)}
    kilometres = metres / 1000
    shown = format_decimal(round(kilometres, 1 if kilometres < 20 else 0), locale=locale())
    return _("%(n)s km") % {"n": shown}


@register.filter
def number(value: int | None) -> str:
    """A whole number with the separators of the language."""
    return "" if value is None else format_decimal(value, locale=locale()).replace("-", MINUS)


@register.filter
def named(names: Mapping[str, str] | str | None) -> str:
    """The name for the reader's language out of a mapping of languages; plain text stays what it is."""
    if not names:
        return ""
    return names if isinstance(names, str) else pick(names, get_language() or "en")


@register.filter
def masked_phone(phone: str | None) -> str:
    """A phone number as others may see it."""
    return mask_phone(phone or "")


@register.filter
def phone_spaced(phone: str | None) -> str:
    """A whole number in its country's groups, for its owner: `+358 40 1234567`."""
    try:
        number = phonenumbers.parse(phone or "")
    except phonenumbers.NumberParseException:
        return phone or ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@register.filter
def code_marked(body: str) -> SafeString:
    """A text message with its one-time code large, so that it is read at a glance."""
    found = _CODE.search(body)
    if not found:
        return format_html("{}", body)
    start, end = found.span()
    marked = '{}<b class="text-2xl tracking-wider tabular-nums">{}</b>{}'
    return format_html(marked, body[:start], found[0], body[end:])


@register.filter
def promise(slug: str) -> str:
    """The words of an offer's promise tag; an unknown one is shown as it is."""
    words = PROMISES.get(slug)
    return words() if words else slug.replace("_", " ")


DEAL_FIELDS = {
    "titles.en": lambda: _("Title in English"),
    "titles.zh-Hans": lambda: _("Title in Chinese"),
    "descriptions.en": lambda: _("Text in English"),
    "descriptions.zh-Hans": lambda: _("Text in Chinese"),
    "includes": lambda: _("What is in it"),
    "emoji": lambda: _("Symbol"),
    "list_price": lambda: _("Usual price"),
    "price": lambda: _("Price of the deal"),
    "special_prices": lambda: _("Prices by quantity or by hours"),
    "starts_on": lambda: _("On sale from"),
    "ends_on": lambda: _("Last day of sale"),
    "per_person_limit": lambda: _("At most for each person"),
    "capacity": lambda: _("How many in all"),
    "terms": lambda: _("Terms"),
    "groups": lambda: _("Buying together"),
    "tags": lambda: _("What you promise"),
    "stores": lambda: _("Where it holds"),
}


@register.filter
def deal_field(path: str) -> str:
    """The words of a field in the difference of two versions of a deal, as `flows.offers.body.readable` names it."""
    words = DEAL_FIELDS.get(path)
    return words() if words else path


@register.filter
def percent_off(price: Money, list_price: Money) -> int:
    """Whole percent below the list price, rounded down so that it never promises too much."""
    return (list_price - price).minor * 100 // list_price.minor if list_price else 0


@register.filter
def hue_class(hue: int | None) -> str:
    """The class of a cover's colour: hues in steps of 15 degrees."""
    return f"hue-{round(int(hue or 0) / 15) * 15 % 360}"


@register.filter
def hue_of(slug: str | None) -> str:
    """The class of a cover's colour for a thing that has none of its own: always the same for one slug."""
    return hue_class(zlib.crc32((slug or "").encode()) % 360)


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown as HTML; what is HTML in it stays text, and links lead to the web, to mail or within the site."""
    html: str = _MARKDOWN.render(text or "")
    return SafeString(html)  # the renderer escapes what it is given


# What ends a script element, or begins a comment in one, is written as JSON can write any symbol.
_IN_A_SCRIPT = {ord(symbol): f"\\u{ord(symbol):04x}" for symbol in "<>&\u2028\u2029"}


@register.simple_tag
def json_ld(facts: Mapping[str, Any]) -> SafeString:
    """Facts for search engines as a block of data, which no browser runs."""
    text = json.dumps(facts, ensure_ascii=False).translate(_IN_A_SCRIPT)
    return format_html('<script type="application/ld+json">{}</script>', SafeString(text))


@register.filter
def as_json(value: Any) -> str:
    """JSON for a data attribute; the template escapes it."""
    return json.dumps(value, ensure_ascii=False, default=str)


_ENGLISH = {
    "short": "d MMM, HH:mm",
    "long": "d MMM y, HH:mm",
    "date": "d MMM y",
    "day": "EEE d MMM",
    "month": "MMMM y",
}
_CHINESE = {
    "short": "M月d日 HH:mm",
    "long": "y年M月d日 HH:mm",
    "date": "y年M月d日",
    "day": "M月d日 EEE",
    "month": "y年M月",
}
_SAME = {"time": "HH:mm", "soon": "EEE HH:mm"}
STYLES = {"en_GB": _ENGLISH | _SAME, "zh_Hans_CN": _CHINESE | _SAME}


@register.simple_tag(takes_context=True)
def local_time(context: template.Context, at: datetime | None, style: str = "short", zone: str = "") -> str:
    """`<time>` in the zone given, else the page's `zone`. Styles: short, long, date, day, time, soon, through.

    `through` is the last day of a half-open span that ends at `at`. `soon` is the time alone today and within
    the next night, with the weekday otherwise.
    """
    if at is None:
        return "—"
    wall = clock.local(at, zone or context.get("zone") or settings.TIME_ZONE)
    if style == "through":
        wall, style = wall - timedelta(seconds=1), "date"
    if style == "soon" and wall - clock.now() < timedelta(hours=16):
        style = "time"
    return format_html(
        '<time datetime="{}">{}</time>', wall.isoformat(timespec="seconds"), _wall_words(wall, style)
    )


def time_words(at: datetime, zone: str, style: str = "long") -> str:
    """A moment in a zone as people read it, without a page around it: `local_time` for files and letters."""
    return _wall_words(clock.local(at, zone), style)


def _wall_words(wall: datetime, style: str) -> str:
    return format_datetime(wall, STYLES[locale()][style], locale=locale())


@register.simple_tag
def local_day(day: date, style: str = "day") -> str:
    """`<time>` of a calendar day, which has no zone. Styles: date, day, month."""
    text = format_date(day, STYLES[locale()][style], locale=locale())
    return format_html('<time datetime="{}">{}</time>', day.isoformat(), text)


@register.simple_tag
def icon(name: str, css: str = "") -> str:
    """A Lucide icon out of the sprite; hidden from screen readers, the words beside it say it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>',
        css,
        static("dist/icons.svg"),
        name,
    )


@register.simple_tag
def emoji(code: str | None, size: int = 64, css: str = "", *, eager: bool = False) -> str:
    """A picture of Fluent Emoji by its code (`1f35c`), `size` pixels square; decoration only."""
    return format_html(
        '<img src="{}" alt="" width="{}" height="{}" class="{}"{}>',
        static(f"dist/emoji/{code or '1f4cd'}.webp"),
        size,
        size,
        css,
        "" if eager else mark_safe(' loading="lazy" decoding="async"'),
    )


@register.simple_tag
def qr(text: str) -> SafeString:
    """A QR code as inline SVG, error correction M, with the quiet zone scanners need."""
    buffer = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        buffer, kind="svg", xmldecl=False, svgns=True, border=2, omitsize=True, svgclass=None, lineclass=None
    )
    return mark_safe(buffer.getvalue().decode())  # noqa: S308 - drawn by us, the text is only in the modules


@register.simple_tag
def live_url(topic: str) -> str:
    """Where the browser listens for changes of `topic`: a token of one hour for this topic alone."""
    return f"{settings.HUTONG_LIVE_URL}/{kernel_live.sign_topic(topic, at=clock.now())}"


@register.simple_tag
def server_now() -> str:
    """The server's present moment in ISO form, for countdowns."""
    return clock.now().isoformat()


@register.filter
def control(field: BoundField, css: str = "") -> SafeString:
    """The widget of a form field in the site's look, tied to its help text and errors for screen readers."""
    widget = field.field.widget
    if isinstance(widget, CheckboxInput):
        base = "checkbox checkbox-primary rounded-md"
    elif isinstance(widget, Select):
        base = "select w-full"
    elif isinstance(widget, Textarea):
        base = "textarea w-full"
    else:
        base = "input w-full"
    attrs: dict[str, Any] = {"class": f"{base} {css}{' input-error' if field.errors else ''}".strip()}
    described = [f"{field.id_for_label}_help"] if field.help_text else []
    if field.errors:
        attrs["aria-invalid"] = "true"
        described.append(f"{field.id_for_label}_error")
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attrs)
