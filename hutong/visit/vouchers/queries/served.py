"""What was enjoyed and stands: for reviews of the visit."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from hutong.kernel.rows import rows
from hutong.town.people.models import Person
from hutong.visit.vouchers.queries.stored import loaded
from hutong.visit.vouchers.types import Served

_SERVED = """
SELECT DISTINCT ON (v.order_ref, s.id) v.order_ref, p.public_id AS person_ref, s.public_id AS store_ref,
  v.offer_ref, v.titles, r.at
FROM vouchers_voucher v
JOIN vouchers_use u ON u.voucher_id = v.id AND u.state = 'used'
JOIN vouchers_redemption r ON r.voucher_id = v.id AND r.use_no = u.use_no AND r.undone_at IS NULL
JOIN people_person p ON p.id = v.person_id JOIN merchants_store s ON s.id = r.store_id
WHERE {which} ORDER BY v.order_ref, s.id, r.at DESC, r.id DESC
"""


def served_of_order(order_ref: str) -> list[Served]:
    """What of an order was enjoyed and stands: the last time in each store. One statement."""
    return _served(rows(_SERVED.format(which="v.order_ref = %s"), [order_ref]))


def served_to(person: Person, *, since: datetime) -> list[Served]:
    """As `served_of_order`, of all orders of a person, for visits from `since` on; the newest first."""
    found = _served(rows(_SERVED.format(which="v.person_id = %s AND r.at >= %s"), [person.pk, since]))
    return sorted(found, key=lambda one: one.at, reverse=True)


def served_in(store_ref: str, *, since: datetime, limit: int = 50) -> list[Served]:
    """As `served_of_order`, of a store, for visits from `since` on; the newest first, at most `limit`.

    From the index of a store's redemptions, of which it reads the newest few hundred.
    """
    newest = (
        "r.id IN (SELECT n.id FROM vouchers_redemption n JOIN merchants_store m ON m.id = n.store_id"
        " WHERE m.public_id = %s AND n.at >= %s ORDER BY n.at DESC LIMIT 500)"
    )
    found = _served(rows(_SERVED.format(which=newest), [store_ref, since]))
    return sorted(found, key=lambda one: one.at, reverse=True)[:limit]


def _served(found: Iterable[dict[str, Any]]) -> list[Served]:
    return [Served(**{**entry, "titles": loaded(entry["titles"])}) for entry in found]
