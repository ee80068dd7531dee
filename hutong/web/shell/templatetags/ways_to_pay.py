"""`{% ways_to_pay unit %}`: the ways to pay as cards to choose from; `paid_with` what one was called afterwards."""

from typing import Any

from django import template
from django.template import Context

from hutong.web.shell.ways_to_pay import WAYS, chosen_way, ways_for

register = template.Library()


@register.inclusion_tag("consumer/_ways_to_pay.html", takes_context=True)
def ways_to_pay(context: Context, unit: str, before: str = "") -> dict[str, Any]:
    """The cards, one of them chosen; `before` is the way of an earlier attempt. Nothing is asked where there is one way."""
    return {
        "ways": ways_for(unit),
        "chosen": chosen_way(context["request"], unit, before=before),
        "unit": unit,
    }


@register.filter
def paid_with(provider: str) -> str:
    """What a way to pay is called afterwards; an unknown one by its own name."""
    return str(WAYS[provider].afterwards) if provider in WAYS else provider


@register.simple_tag
def several_ways(unit: str) -> bool:
    """Whether there is anything to choose."""
    return len(ways_for(unit)) > 1
