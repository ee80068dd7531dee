"""The categories as the code declares them, brought into the database."""

from collections.abc import Sequence

from django.db import transaction

from hutong.town.merchants.models import Category
from hutong.town.merchants.types import CategorySpec


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
