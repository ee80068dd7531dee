"""The categories as the code declares them, brought into the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from hutong.kernel import audit, outbox
from hutong.kernel.errors import Forbidden, NotFound
from hutong.kernel.text import clean
from hutong.town.merchants.models import Category
from hutong.town.merchants.types import CategorySpec
from hutong.town.people.models import Person
from hutong.town.regions.models import Region


def store_categories(specs: Sequence[CategorySpec]) -> dict[str, int]:
    """Bring the categories up to date and tell the key of each slug. A parent stands before its children.

    Categories that are no longer declared stay, because stores may still be in them. Two statements.
    """
    with transaction.atomic():
        ids: dict[str, int] = {}
        for is_group in (True, False):
            wanted = [
                Category(
                    slug=spec.slug,
                    parent_id=ids[spec.parent_slug] if spec.parent_slug else None,
                    names=spec.names,
                    emoji=spec.emoji,
                    position=spec.position,
                )
                for spec in specs
                if (spec.parent_slug is None) is is_group
            ]
            stored = Category.objects.bulk_create(
                wanted,
                update_conflicts=True,
                unique_fields=["slug"],
                update_fields=["parent", "names", "emoji", "position"],
            )
            ids.update({category.slug: category.pk for category in stored})
    return ids


def set_category(
    *,
    slug: str,
    hidden: bool,
    names: Mapping[str, str],
    position: int | None,
    by: Person,
    at: datetime,
) -> None:
    """Show a category otherwise than the house says: hidden, under other names, at another place.

    What is empty or None is as the house says. Hidden categories are not offered to choose from; their stores
    are still found. The names are in the rows of search, which are made anew. Raises `Forbidden`, `NotFound`.
    """
    if not by.is_operator:
        raise Forbidden
    own_names = {language: clean(name, limit=60) for language, name in names.items() if name.strip()}
    with transaction.atomic():
        category = Category.objects.select_for_update().filter(slug=slug).first()
        if category is None:
            raise NotFound
        before = {"hidden": category.hidden, "names": category.own_names, "position": category.own_position}
        after = {"hidden": hidden, "names": own_names, "position": position}
        renamed = own_names != category.own_names
        Category.objects.filter(pk=category.pk).update(
            hidden=hidden, own_names=own_names, own_position=position
        )
        audit.record(
            action="category.changed",
            subject=f"category:{slug}",
            by=by.public_id,
            at=at,
            before=before,
            after=after,
        )
        if renamed:
            for region_ref in Region.objects.values_list("public_id", flat=True).order_by("pk"):
                outbox.send("index_region", at=at, region_ref=region_ref)
