"""How much was bought, as people count: orders count uses, and a card for ten coffees is one voucher."""

from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.translation import gettext as _

from hutong.visit.vouchers.types import Terms

register = template.Library()


def bought(quantity: int, uses: int) -> str:
    """What stands behind a title: nothing for one voucher of one use, ` × 2`, ` · 10 uses`, ` × 2 · 10 uses each`.

    `quantity` counts uses, of which one voucher has `uses`. What is no whole number of vouchers (lines of
    several offers added up) is told as it is.
    """
    vouchers, rest = divmod(quantity, uses)
    if rest:
        vouchers, uses = quantity, 1
    times = f" × {vouchers}" if vouchers > 1 else ""
    if uses == 1:
        return times
    words = _("%(n)s uses each") if vouchers > 1 else _("%(n)s uses")
    return f"{times} · {words % {'n': uses}}"


@register.simple_tag(takes_context=True)
def how_many(context: Context, offer_ref: str, quantity: int) -> Any:
    """How much of an offer was bought; the page says in `terms` how many uses its vouchers have, by offer."""
    terms: dict[str, Terms] = context["terms"]
    uses = terms[offer_ref].uses if offer_ref in terms else 1
    return format_html("{}", bought(quantity, uses))
