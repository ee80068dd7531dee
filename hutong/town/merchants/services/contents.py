"""What a store says of itself: its descriptions, in each language. Versions and reviews are `contents`' part."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Forbidden, Invalid, NotFound
from hutong.town.merchants.models import Store
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person

MAX_DESCRIPTION = 2_000
LANGUAGES = ("en", "zh-Hans")


class ContentsInvalid(Invalid):
    """A version of a store's contents that cannot be stored."""

    code = "contents_invalid"
    message = _("A description has at most 2,000 characters, in English or Chinese.")


def check_store_contents(*, store_ref: str, body: Mapping[str, Any], by: Person) -> None:
    """Pass a version that may be stored, written by somebody who may write it.

    `body` is `{"descriptions": {"en": ..., "zh-Hans": ...}}`. Raises `NotFound`, `Forbidden`, `ContentsInvalid`.
    """
    store = Store.objects.filter(public_id=store_ref).select_related("merchant").first()
    if store is None or store.merchant is None:
        raise NotFound
    if not by.is_operator and not has_right(by, Right.EDIT_STORE, store.merchant.public_id, store_ref):
        raise Forbidden
    descriptions = body.get("descriptions")
    if set(body) != {"descriptions"} or not isinstance(descriptions, Mapping):
        raise ContentsInvalid
    for language, text in descriptions.items():
        if language not in LANGUAGES or not isinstance(text, str) or len(text) > MAX_DESCRIPTION:
            raise ContentsInvalid


def set_store_contents(*, store_ref: str, body: Mapping[str, Any], at: datetime) -> None:
    """Let a store say what a published version says; it was checked when it was proposed. Raises `NotFound`."""
    with transaction.atomic():
        changed = Store.objects.filter(public_id=store_ref).update(
            descriptions=dict(body["descriptions"]), updated_at=at
        )
        if not changed:
            raise NotFound
