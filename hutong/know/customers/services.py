"""Writes of customers: consent given and taken back, and what a merchant may remember.

A visit is remembered under a share lock on the consent, and taking consent back changes that row first: so a
late message about a visit either comes before and is forgotten with the rest, or comes after and is dropped.
"""

import json
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, NotFound
from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.kernel.rows import execute, row
from hutong.know.customers import queries
from hutong.know.customers.types import VisitKind


class UnitDiffers(Conflict):
    """The customer's amounts are in another currency; a merchant has one."""

    code = "unit_differs"
    message = _("This amount is in another currency than the customer's others.")


# The span and its line in the history are written by one statement: neither is there without the other.
_GRANT = """
WITH granted AS (
  INSERT INTO customers_consent (person_id, merchant_id, granted_at, source)
  SELECT p.id, m.id, %(at)s, %(source)s FROM people_person p, merchants_merchant m
  WHERE p.public_id = %(person_ref)s AND m.public_id = %(merchant_ref)s AND p.erased_at IS NULL
  ON CONFLICT (person_id, merchant_id) WHERE withdrawn_at IS NULL DO NOTHING
  RETURNING person_id, merchant_id, granted_at, source
)
INSERT INTO customers_consentchange (person_id, merchant_id, granted, source, at)
SELECT person_id, merchant_id, true, source, granted_at FROM granted
"""
_WITHDRAW = """
WITH ended AS (
  UPDATE customers_consent k SET withdrawn_at = greatest(%(at)s, k.granted_at)
  FROM people_person p, merchants_merchant m
  WHERE p.public_id = %(person_ref)s AND m.public_id = %(merchant_ref)s
    AND k.person_id = p.id AND k.merchant_id = m.id AND k.withdrawn_at IS NULL
  RETURNING k.person_id, k.merchant_id, k.withdrawn_at
)
INSERT INTO customers_consentchange (person_id, merchant_id, granted, source, at)
SELECT person_id, merchant_id, false, %(source)s, withdrawn_at FROM ended
RETURNING person_id, merchant_id
"""
_CONSENT = """
SELECT k.person_id, k.merchant_id FROM customers_consent k
JOIN people_person p ON p.id = k.person_id JOIN merchants_merchant m ON m.id = k.merchant_id
WHERE p.public_id = %s AND m.public_id = %s AND k.withdrawn_at IS NULL FOR SHARE OF k
"""
# The empty update takes the row's lock, so that visits of one customer are counted one after another.
_CUSTOMER = """
INSERT INTO customers_customer AS c (public_id, person_id, merchant_id, visits, spent, unit)
VALUES (%(ref)s, %(person_id)s, %(merchant_id)s, 0, 0, %(unit)s)
ON CONFLICT (person_id, merchant_id) DO UPDATE SET unit = c.unit RETURNING c.id, c.unit
"""
_VISIT = """
INSERT INTO customers_visit (customer_id, kind, ref, store_id, titles, amount, unit, at)
SELECT %(customer_id)s::int8, %(kind)s, %(ref)s,
  (SELECT id FROM merchants_store WHERE public_id = %(store_ref)s), %(titles)s::jsonb,
  %(amount)s::int8, %(unit)s, %(at)s
ON CONFLICT (ref, kind) DO NOTHING
"""
_COUNT = f"""
UPDATE customers_customer c SET visits = t.visits, spent = t.spent, first_visit_at = t.first_visit_at,
  last_visit_at = t.last_visit_at
FROM ({queries.RECOUNT} WHERE c.id = %(customer_id)s::int8 GROUP BY c.id) t WHERE c.id = t.id
"""  # noqa: S608


def grant_consent(*, person_ref: str, merchant_ref: str, source: str, at: datetime) -> bool:
    """The person lets the merchant remember them from now on; False when they did already, or are erased.

    `source` says where they agreed (`checkout ord_...`). Raises `NotFound` for a person or merchant unknown.
    """
    values = {"person_ref": person_ref, "merchant_ref": merchant_ref, "source": source, "at": at}
    if execute(_GRANT, values):
        return True
    erased = "SELECT 1 FROM people_person WHERE public_id = %s AND erased_at IS NOT NULL"
    if not queries.has_consent(person_ref, merchant_ref) and not row(erased, [person_ref]):
        raise NotFound
    return False


def withdraw_consent(*, person_ref: str, merchant_ref: str, at: datetime, source: str = "account") -> bool:
    """The person takes the consent back: the merchant forgets every visit at once; False when there was none.

    Only the ended consent itself stays, as proof of what was allowed when. A new consent starts from nothing.
    `source` says where they took it back.
    """
    with transaction.atomic():
        values = {"person_ref": person_ref, "merchant_ref": merchant_ref, "at": at, "source": source}
        ended = row(_WITHDRAW, values)
        if ended is None:
            return False
        keys = [ended["person_id"], ended["merchant_id"]]
        execute(
            "DELETE FROM customers_visit v USING customers_customer c "
            "WHERE v.customer_id = c.id AND c.person_id = %s AND c.merchant_id = %s",
            keys,
        )
        execute("DELETE FROM customers_customer WHERE person_id = %s AND merchant_id = %s", keys)
        return True


def forget_person(*, person_ref: str, at: datetime) -> int:
    """Every merchant forgets this person, who is being erased; how many did.

    What stays is that there was a consent from when to when, without where it was given: proof, under an opaque
    id. To be called once `people` has marked the person as erased, in the same transaction.
    """
    live = [one.merchant_ref for one in queries.consents_of(person_ref) if one.withdrawn_at is None]
    for merchant_ref in sorted(live):
        withdraw_consent(person_ref=person_ref, merchant_ref=merchant_ref, at=at, source="")
    for table in ("customers_consent", "customers_consentchange"):
        execute(
            f"UPDATE {table} SET source = '' WHERE source <> '' "  # noqa: S608  # names of ours
            "AND person_id = (SELECT id FROM people_person WHERE public_id = %s)",
            [person_ref],
        )
    return len(live)


def record_visit(
    *,
    person_ref: str,
    merchant_ref: str,
    store_ref: str | None,
    kind: VisitKind,
    ref: str,
    titles: dict[str, str],
    amount: Money,
    at: datetime,
) -> bool:
    """Remember one event of a person at a merchant; True when it was new and may be remembered.

    `ref` with `kind` names the event: telling it again changes nothing, and an undo may be told before the
    redemption whose ref it carries. Without a live consent nothing is written. The customer's counts are
    added again from all visits. Raises `UnitDiffers`. Four statements.
    """
    with transaction.atomic():
        consent = row(_CONSENT, [person_ref, merchant_ref])
        if consent is None:
            return False
        customer = row(_CUSTOMER, {"ref": new_id("cus"), "unit": amount.unit, **consent})
        if customer is None or customer["unit"] != amount.unit:
            raise UnitDiffers
        new = execute(
            _VISIT,
            {
                "customer_id": customer["id"], "kind": kind.value, "ref": ref, "store_ref": store_ref,
                "titles": json.dumps(titles), "amount": amount.minor, "unit": amount.unit, "at": at,
            },
        )  # fmt: skip
        if new:
            execute(_COUNT, {"customer_id": customer["id"]})
        return bool(new)
