"""Tags of pictures: `{% picture cover sizes="8rem" %}` in all its sizes, `{{ cover|ground }}` for what is behind it."""

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from hutong.kernel.text import pick
from hutong.town.pictures.types import Cover
from hutong.web.shell.templatetags.hutong import hue_class

register = template.Library()


def file_url(name: str) -> str:
    """The address of a picture's file."""
    return f"{settings.MEDIA_URL}{name}"


@register.filter
def ground(cover: Cover) -> str:
    """The class of the colour a picture stands on until it is there: the nearest of the covers' hues."""
    return hue_class(cover.hue)


@register.simple_tag
def picture(
    cover: Cover, sizes: str = "100vw", css: str = "", alt: str | None = None, *, eager: bool = False
) -> SafeString:
    """A picture in the size the screen needs: WebP, else JPEG. Width and height keep its place while it loads.

    `sizes` is how wide it is shown, as in HTML. Without `alt` its own words are read out, in the reader's
    language; `alt=""` is for one that stands beside the name of what it shows.
    """
    widest = cover.variants[-1]
    words = pick(cover.alts, get_language() or "en") if alt is None else alt
    return format_html(
        '<picture><source type="image/webp" srcset="{webp}" sizes="{sizes}">'
        '<img src="{src}" srcset="{jpeg}" sizes="{sizes}" width="{width}" height="{height}" alt="{alt}"'
        ' class="{css}"{loading}></picture>',
        webp=", ".join(f"{file_url(one.webp)} {one.width}w" for one in cover.variants),
        jpeg=", ".join(f"{file_url(one.jpeg)} {one.width}w" for one in cover.variants),
        src=file_url(cover.variants[0].jpeg),
        sizes=sizes,
        width=widest.width,
        height=widest.height,
        alt=words,
        css=css,
        loading=mark_safe(' fetchpriority="high"' if eager else ' loading="lazy" decoding="async"'),  # noqa: S308
    )
