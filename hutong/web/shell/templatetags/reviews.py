"""Tags of reviews: `{% stars 4 %}`, and the words of aspects and states."""

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from hutong.attract.reviews.types import ReviewState
from hutong.town.pictures.types import Cover
from hutong.web.shell.review_words import ASPECTS, STATES
from hutong.web.shell.templatetags.pictures import file_url

register = template.Library()


@register.simple_tag
def stars(given: float, css: str = "") -> SafeString:
    """Five signs, as many of them full as were given (rounded), which are read out as one sentence."""
    full = max(0, min(5, round(given)))
    label = _("%(n)s of 5 stars") % {"n": rating(given)}
    return format_html(
        '<span class="stars {css}" role="img" aria-label="{label}"><span aria-hidden="true">{full}'
        '<span class="stars-none">{rest}</span></span></span>',
        css=css,
        label=label,
        full="★" * full,
        rest="★" * (5 - full),
    )


@register.filter
def rating(mean: float | None) -> str:
    """A mean with one decimal, as the language writes it; a whole number of stars without."""
    if mean is None:
        return ""
    return number_format(mean, 0 if isinstance(mean, int) else 1)


@register.filter
def aspect(name: str) -> str:
    """What stars are given for, in words."""
    return str(ASPECTS.get(name, name))


@register.filter
def review_state(state: ReviewState) -> str:
    """Where a review stands, in words."""
    return str(STATES[state])


@register.simple_tag
def photo_url(photo: Cover) -> str:
    """The address of the widest file of a photo, to look at it closely."""
    return file_url(photo.variants[-1].jpeg)
