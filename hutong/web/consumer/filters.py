"""The filters of lists and map: what a query asks for, and the chips that change it.

A chip has an id, so that the keyboard's focus is still on it when the list comes back filtered.
"""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hutong.attract.search.types import DealSort
from hutong.kernel.text import pick
from hutong.town.merchants.types import CategoryView

# How far down the list one is, and whether its form of filters stands open: not what it asks.
OF_THE_MOMENT = ("after", "spot", "filters")


def asked_sort(query: Mapping[str, str]) -> DealSort:
    """The order asked for; the nearest first for anything else."""
    wanted = query.get("sort", "")
    return DealSort(wanted) if wanted in set(DealSort) else DealSort.NEAREST


def address(query: QueryDict, **changes: str | None) -> str:
    """The present query with some values changed or (None) taken out; paging always starts anew."""
    changed = query.copy()
    for name in OF_THE_MOMENT:
        changed.pop(name, None)
    for name, value in changes.items():
        changed.pop(name, None)
        if value:
            changed[name] = value
    text = changed.urlencode()
    return f"?{text}" if text else "?"


def sort_chips(query: QueryDict, chosen: DealSort) -> list[dict[str, Any]]:
    """One chip for each order of deals."""
    labels = {
        DealSort.NEAREST: _("Nearest"),
        DealSort.PRICE: _("Cheapest"),
        DealSort.DISCOUNT: _("Biggest saving"),
        DealSort.SOLD: _("Most sold"),
    }
    return [
        {
            "id": f"sort-{sort.value}",
            "label": label,
            "url": address(query, sort=sort.value),
            "current": sort is chosen,
        }
        for sort, label in labels.items()
    ]


def find_category(tree: list[CategoryView], slug: str) -> tuple[CategoryView | None, CategoryView | None]:
    """The group and the category of a slug; the category is None when the slug is a group's."""
    for group in tree:
        if group.slug == slug:
            return group, None
        for child in group.children:
            if child.slug == slug:
                return group, child
    return None, None


def category_chips(query: QueryDict, tree: list[CategoryView], slug: str) -> list[dict[str, Any]]:
    """Chips for the categories beside the chosen one: its group's, or the groups; the first one leaves the group."""
    language = get_language() or "en"
    group, _child = find_category(tree, slug)
    shown = group.children if group else tuple(tree)
    chips: list[dict[str, Any]] = [
        {
            "id": "category-all",
            "label": _("All"),
            "url": address(query, category=group.slug if group else None),
            "current": group is None or slug == group.slug,
        }
    ]
    if group:
        way_out = {"id": "category-out", "label": pick(group.names, language), "clears": True}
        chips.insert(0, {**way_out, "url": address(query, category=None)})
    return chips + [
        {
            "id": f"category-{one.slug}",
            "label": pick(one.names, language),
            "url": address(query, category=one.slug),
            "current": one.slug == slug,
        }
        for one in shown
    ]
