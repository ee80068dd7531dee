"""The form of filters beside a list, with how many shops each choice would leave, and what to leave out where nothing is."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hutong.attract.search.rules.ranking import LEAST_RATINGS
from hutong.attract.search.types import Answer, Count, Facet
from hutong.kernel.text import pick
from hutong.town.merchants.types import CategoryView
from hutong.town.regions.types import RegionView
from hutong.web.consumer.asking import Asking, price_label
from hutong.web.consumer.filters import address
from hutong.web.shell.templatetags.hutong import PROMISES, number, promise


def filter_groups(answer: Answer, asking: Asking) -> list[dict[str, Any]]:
    """The groups of the filter form with how many shops each choice would leave."""
    facets, question = answer.facets, asking.question
    if facets is None:
        return []
    groups = [
        _group("category", _("Category"), "radio", facets.categories, _names, *_chosen(asking.category)),
        _group("area", _("Area"), "radio", facets.areas, _names, *_chosen(asking.area)),
        _group("price", _("Price"), "checkbox", facets.price_bands, lambda one: price_label(one.value)),
        _group(
            "rating",
            _("Stars"),
            "radio",
            facets.ratings,
            lambda one: _stars(one.value),
            "" if question.least_rating is None else f"{question.least_rating:g}",
        ),
        {
            "name": "more",
            "label": _("More"),
            "options": [
                _switch("open", _("Open now"), facets.open, bool(question.open_at)),
                _switch("deal", _("With a deal"), facets.with_deal, question.has_deal),
                _switch("bookable", _("Can be booked"), facets.bookable, question.bookable),
            ],
        },
        _group("tag", _("Promises"), "checkbox", facets.tags, lambda one: promise(one.value)),
    ]
    for group in groups:
        group["options"] = [one for one in group["options"] if one["checked"] or one["count"] != "0"]
    return [group for group in groups if len(group["options"]) > (1 if group.get("any") else 0)]


def deal_filter_groups(asking: Asking) -> list[dict[str, Any]]:
    """The groups of the form for a list of deals, which has no counts; category and area have their chips."""
    question = asking.question
    groups = [
        _group(
            "price",
            _("Price"),
            "checkbox",
            _listed(("1", "2", "3", "4"), {str(band) for band in question.price_bands}),
            lambda one: price_label(one.value),
        ),
        _group(
            "rating",
            _("Stars"),
            "radio",
            _listed([f"{least:g}" for least in LEAST_RATINGS]),
            lambda one: _stars(one.value),
            "" if question.least_rating is None else f"{question.least_rating:g}",
        ),
        {
            "name": "more",
            "label": _("More"),
            "options": [_switch("open", _("Open now"), Count(0), bool(question.open_at))],
        },
        _group(
            "tag",
            _("Promises"),
            "checkbox",
            _listed(PROMISES, question.tags),
            lambda one: promise(one.value),
        ),
    ]
    if asking.category:
        groups.insert(0, _group("category", _("Category"), "radio", (), _names, *_chosen(asking.category)))
    if asking.area:
        groups.insert(0, _group("area", _("Area"), "radio", (), _names, *_chosen(asking.area)))
    for group in groups:
        for option in group["options"]:
            option["count"] = ""
    return groups


def _names(facet: Facet) -> str:
    return pick(facet.names, get_language() or "en") or facet.value


def _stars(least: str) -> str:
    return _("%(stars)s stars and more") % {"stars": least}


def _listed(values: Iterable[str], chosen: Collection[str] = ()) -> tuple[Facet, ...]:
    return tuple(Facet(value, {}, Count(0), value in chosen) for value in values)


def _chosen(one: CategoryView | RegionView | None) -> tuple[str, str]:
    """The value and the name of what is chosen already."""
    return (one.slug, pick(one.names, get_language() or "en")) if one else ("", "")


def _group(
    name: str,
    label: str,
    kind: str,
    found: tuple[Facet, ...],
    words: Callable[[Facet], str],
    chosen: str | None = None,
    chosen_label: str = "",
) -> dict[str, Any]:
    options = [
        {
            "name": name,
            "value": one.value,
            "label": words(one),
            "count": count_words(one.count),
            "checked": one.chosen if chosen is None else one.value == chosen,
            "type": kind,
        }
        for one in found
    ]
    if kind == "radio":
        every = {
            "name": name,
            "value": "",
            "label": _("All"),
            "count": "",
            "checked": not chosen,
            "type": kind,
        }
        if chosen and not any(one["checked"] for one in options):
            options.insert(
                0,
                {
                    "name": name,
                    "value": chosen,
                    "label": chosen_label or words(Facet(chosen, {}, Count(0), True)),
                    "count": "",
                    "checked": True,
                    "type": kind,
                },
            )
        options.insert(0, every)
    return {"name": name, "label": label, "options": options, "any": kind == "radio"}


def _switch(name: str, label: str, count: Count, checked: bool) -> dict[str, Any]:
    return {
        "name": name,
        "value": "1",
        "label": label,
        "count": count_words(count),
        "checked": checked,
        "type": "checkbox",
    }


def without(answer: Answer, query: QueryDict) -> list[dict[str, Any]]:
    """Where nothing was found: each filter that could go, in words, with what there is without it and its address."""
    words = {
        "category": (_("Any category"), {"category": None}),
        "price": (_("Any price"), {"price": None}),
        "rating": (_("Any stars"), {"rating": None}),
        "open": (_("At any time"), {"open": None, "open_at": None}),
        "deal": (_("Without a deal, too"), {"deal": None}),
        "bookable": (_("Without booking, too"), {"bookable": None}),
        "tags": (_("Without these promises, too"), {"tag": None}),
    }
    return [
        {
            "label": words[one.filter][0],
            "count": count_words(one.count),
            "url": f"{reverse('nearby')}{address(query, **words[one.filter][1])}",
        }
        for one in answer.left_out
    ]


def count_words(count: Count) -> str:
    """A count as it is shown: 12, or 1,000+ where there are more."""
    return f"{number(count.number)}{'+' if count.more and count.number else ''}"
