"""The parts of the page of figures: numbers with their change, the rows of a breakdown, the steps of the funnel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hutong.kernel.money import Money, format_money
from hutong.kernel.text import pick
from hutong.know.insight.types import Looks
from hutong.pay.orders.types import Breakdown, Compared, Grouping, OrderSteps, Slice, SpanFigures
from hutong.web.operator.figures_span import Asked, drilled
from hutong.web.shell.templatetags.hutong import locale, number

WIDTH = 1000
"""How wide the longest bar is, in its own steps."""


@dataclass(frozen=True, slots=True)
class Change:
    """How a number stands against the days compared with. `words` says all of it; `good` is None without news."""

    words: str
    short: str = ""
    trend: str = ""
    good: bool | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure: its value, what belongs to it, and its change."""

    label: str
    value: str
    extra: str
    change: Change


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the breakdown; `url` leads further down, or with `is_page` to a page of its own; `bar` is its
    length out of WIDTH."""

    name: str
    under: str
    url: str
    is_page: bool
    figures: SpanFigures
    then: SpanFigures
    share: str
    change: Change
    bar: int


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One step: how many, how many of the step before it, and its length out of WIDTH."""

    label: str
    value: str
    rate: str
    bar: int


def money(amount: Money) -> str:
    """An amount as the reader writes it."""
    return format_money(amount, locale())


def percent(part: int, whole: int) -> str:
    """`41%`, with one decimal below ten; a dash where there is no whole."""
    if not whole:
        return "—"
    value = part * 100 / whole
    text = f"{value:.1f}" if 0 < value < 9.95 else f"{value:.0f}"
    return _("%(number)s%%") % {"number": text}


def change(now: int, then: int, shown: str, *, more_is_good: bool = True) -> Change:
    """The change from `then` to `now` in whole percent; `shown` is what it was then."""
    if now == then:
        return Change(_("as before (%(before)s)") % {"before": shown}, short="0%" if then else "—")
    up = now > then
    trend, good = ("up" if up else "down"), up is more_is_good
    if not then:
        return Change(_("nothing before"), short=_("new"), trend=trend, good=good)
    points = abs(round((now - then) * 100 / then))
    if not points:
        return Change(_("nearly as before (%(before)s)") % {"before": shown}, short="0%")
    values = {"percent": number(points), "before": shown}
    words = (
        _("%(percent)s%% more than before (%(before)s)")
        if up
        else _("%(percent)s%% less than before (%(before)s)")
    )
    sign = "+" if up else "−"
    return Change(words % values, short=f"{sign}{number(points)}%", trend=trend, good=good)


def rate_change(now: tuple[int, int], then: tuple[int, int], *, more_is_good: bool = True) -> Change:
    """The change of a rate, (part, whole), in points of percent."""
    if not now[1] or not then[1]:
        return Change(_("nothing to compare with"), short="—")
    points = round(now[0] * 100 / now[1] - then[0] * 100 / then[1])
    before = percent(*then)
    if not points:
        return Change(_("as before (%(before)s)") % {"before": before})
    up = points > 0
    values = {"points": number(abs(points)), "before": before}
    words = (
        _("%(points)s points more than before (%(before)s)")
        if up
        else _("%(points)s points less than before (%(before)s)")
    )
    return Change(words % values, trend="up" if up else "down", good=up is more_is_good)


def tiles(found: Compared) -> list[Tile]:
    """The eight figures of the page, each beside the days compared with."""
    now, then = found.now, found.then

    def amount(label: str, of: Callable[[SpanFigures], Money], extra: str, *, good: bool = True) -> Tile:
        was = of(then)
        moved = change(of(now).minor, was.minor, money(was), more_is_good=good)
        return Tile(label, money(of(now)), extra, moved)

    def count(label: str, value: int, was: int, extra: str = "") -> Tile:
        return Tile(label, number(value), extra, change(value, was, number(was)))

    def rate(label: str, part: Callable[[SpanFigures], int], *, good: bool) -> Tile:
        moved = rate_change((part(now), now.sold_units), (part(then), then.sold_units), more_is_good=good)
        return Tile(label, percent(part(now), now.sold_units), _("of the units sold in these days"), moved)

    return [
        amount(_("Sold"), lambda one: one.sold, _("%(n)s units") % {"n": number(now.sold_units)}),
        count(_("Orders paid"), now.orders, then.orders, _average(now)),
        count(_("Shoppers"), now.shoppers, then.shoppers),
        amount(_("Redeemed"), lambda one: one.redeemed, _("%(n)s units") % {"n": number(now.redeemed_units)}),
        rate(_("Redemption rate"), lambda one: one.used_of_sold, good=True),
        amount(
            _("Refunded"),
            lambda one: one.refunds,
            _("%(n)s units") % {"n": number(now.refunded_units)},
            good=False,
        ),
        rate(_("Refund rate"), lambda one: one.refunded_of_sold, good=False),
        amount(_("Commission"), lambda one: one.commission, _("of what was redeemed")),
    ]


def _average(now: SpanFigures) -> str:
    if not now.orders:
        return ""
    return _("%(amount)s each") % {"amount": money(Money(round(now.sold.minor / now.orders), now.sold.unit))}


def table(
    page: Asked, found: Breakdown, every: Compared, groups: Mapping[str, Mapping[str, str]]
) -> list[Row]:
    """The rows of the breakdown; `groups` are the names of the groups of categories by slug."""
    language = get_language() or "en"
    longest = max((piece.figures.now.sold.minor for piece in found.slices), default=0)
    return [
        Row(
            name=name_of(page.by, piece),
            under=pick(piece.merchant_names, language) if page.by is Grouping.DEAL else "",
            url=_leads_to(page, piece, groups),
            is_page=page.by in (Grouping.SHOP, Grouping.DEAL),
            figures=piece.figures.now,
            then=piece.figures.then,
            share=percent(piece.figures.now.sold.minor, every.now.sold.minor),
            change=change(
                piece.figures.now.sold.minor, piece.figures.then.sold.minor, money(piece.figures.then.sold)
            ),
            bar=piece.figures.now.sold.minor * WIDTH // longest if longest else 0,
        )
        for piece in found.slices
    ]


def name_of(by: Grouping, piece: Slice) -> str:
    """What a row is called."""
    if by is Grouping.AREA:
        return piece.key or _("Other, without a postcode")
    if piece.names:
        return pick(piece.names, get_language() or "en")
    return piece.key or _("Other")


def _leads_to(page: Asked, piece: Slice, groups: Mapping[str, Mapping[str, str]]) -> str:
    if page.by is Grouping.DEAL and piece.names:
        return reverse("deal", args=[piece.key])
    if page.by in (Grouping.SHOP, Grouping.DEAL):
        return reverse("operator_merchant", args=[piece.merchant_ref]) if piece.merchant_ref else ""
    is_group = piece.key in groups and not page.category
    return drilled(page, piece.key, is_group=is_group)


def funnel(seen: Looks, made: OrderSteps) -> list[FunnelStep]:
    """From looking at a deal to being served, each step as a share of the one before it.

    Orders by the API look at no page, so a step may be larger than the one before: it has no rate then.
    """
    steps: Sequence[tuple[str, int]] = (
        (_("Deal looked at"), seen.seen),
        (_("Checkout opened"), seen.checkouts),
        (_("Ordered"), made.ordered),
        (_("Paid"), made.paid),
        (_("Redeemed"), made.redeemed),
    )
    most = max(value for _label, value in steps)
    found, before = [], 0
    for label, value in steps:
        rate = percent(value, before) if 0 < before >= value else ""
        found.append(FunnelStep(label, number(value), rate, value * WIDTH // most if most else 0))
        before = value
    return found
