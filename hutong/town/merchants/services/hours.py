"""Opening hours of a store, as its own people set them."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, Invalid, NotFound
from hutong.town.merchants.models import Store
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.rules import MAX_HOURS_TEXT, readable
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person

# The action under which the log has every change of hours, with the text before and after.
HOURS_CHANGED = "store.hours_changed"


class HoursUnreadable(Invalid):
    """Hours that nobody could show to shoppers."""

    code = "hours_unreadable"
    message = _("These hours cannot be understood. Look at the examples, or use the table.")


def set_hours(*, store_ref: str, hours: str, by: Person, at: datetime) -> bool:
    """Set when a store is open, in OpenStreetMap's syntax ("" for not known); whether that changed anything.

    Raises `NotFound`, `Forbidden`, `HoursUnreadable`.
    """
    hours = " ".join(hours.split())
    if len(hours) > MAX_HOURS_TEXT or (hours and not readable(hours)):
        raise HoursUnreadable
    with transaction.atomic():
        store = Store.objects.select_for_update(of=("self",)).select_related("merchant")
        found = store.filter(public_id=store_ref).first()
        if found is None or found.merchant is None:
            raise NotFound
        merchant_ref = found.merchant.public_id
        if not by.is_operator and not has_right(by, Right.EDIT_STORE, merchant_ref, store_ref):
            raise Forbidden
        before = found.opening_hours
        if before == hours:
            return False
        Store.objects.filter(pk=found.pk).update(opening_hours=hours, updated_at=at)
        audit.record(
            action=HOURS_CHANGED,
            subject=store_ref,
            by=by.public_id,
            at=at,
            before={"opening_hours": before},
            after={"opening_hours": hours},
            merchant=merchant_ref,
        )
    return True
