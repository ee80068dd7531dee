"""A database of orders with everything that belongs to them, in as many copies as make so many transfers.

A few shoppers buy, come and ask for money back by the flows themselves. What the flows wrote for them is then copied,
with ids and refs of its own for each copy, so that every room has the rows a site of that size has.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection
from django.test.utils import override_settings

from hutong.flows import jobs, refund
from hutong.kernel.rows import execute, rows, scalar
from hutong.pay.payments.types import RefundReport, ReportStatus
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries as vouchers
from tests.factories import loop, people

# Part of the name of the cached database: count it up when what is made here changes.
VERSION = 1
AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
SHOPS, SHOPPERS, PLENTY = 8, 2, 10_000_000
# What each shopper's four orders move: two were enjoyed, one waits, one was given back.
TRANSFERS_AN_ORDER = (3, 3, 1, 2)
ORDERS_A_SHOPPER, TRANSFERS_A_SHOPPER = len(TRANSFERS_AN_ORDER), sum(TRANSFERS_AN_ORDER)

# What is copied for each shopper, parents first, and which columns name something that is copied, too. A name ends with
# its symbols of chance, of which a copy has the last eight as its number: so the same name is the same everywhere.
_NAMED = {
    "people_person": ("public_id",),
    "customers_consent": ("source",),
    "customers_consentchange": ("source",),
    "customers_customer": ("public_id",),
    "customers_visit": ("ref",),
    "orders_order": ("public_id",),
    "orders_line": (),
    "orders_unit": ("public_id",),
    "orders_orderevent": (),
    "payments_payment": ("public_id", "order_ref", "provider_ref"),
    "payments_refund": ("public_id", "provider_ref"),
    "payments_attempt": ("public_id",),
    "stock_hold": ("order_ref", "person_ref"),
    "vouchers_voucher": ("public_id", "order_ref", "code_hmac"),
    "vouchers_use": ("unit_ref",),
    "vouchers_redemption": ("public_id", "unit_ref"),
    "settlement_settled": ("unit_ref", "reference"),
    "ledger_transaction": ("public_id", "reference"),
    "ledger_transfer": (),
}
_OTHERWISE = {
    ("people_person", "phone"): "'+358' || lpad((p.id + copy * %(stride)s)::text, 11, '0')",
    ("vouchers_redemption", "nonce"): "p.nonce || '-' || copy",
    ("payments_refund", "unit_refs"): (
        "(SELECT jsonb_agg(left(ref, -8) || lpad(copy::text, 8, '0')) FROM jsonb_array_elements_text(p.unit_refs) AS ref)"
    ),
}
_COLUMNS = """
SELECT a.attname AS name, c.confrelid::regclass::text AS target
FROM pg_attribute a LEFT JOIN pg_constraint c
    ON c.conrelid = a.attrelid AND c.contype = 'f' AND c.conkey = ARRAY[a.attnum]
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum
"""


def fill(transfers: int) -> None:
    """Make at least so many transfers, and what belongs to them, in the database Django is connected to."""
    shoppers = _shoppers_by_the_flows()
    copies = -(-transfers // (len(shoppers) * TRANSFERS_A_SHOPPER)) - 1
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        stride = 1 + max(int(scalar(f"SELECT coalesce(max(id), 0) FROM {table}")) for table in _NAMED)
        for table in _NAMED:
            cursor.execute(
                _copying(table),
                {"stride": stride, "copies": copies, "shoppers": [one.pk for one in shoppers]},
            )
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
            cursor.execute(f"ANALYZE {table}")
        cursor.execute("UPDATE ledger_balance SET minor = minor * (%s + 1)", [copies])
        cursor.execute("UPDATE stock_stock SET sold = sold * (%s + 1)", [copies])
    execute("ANALYZE")


def _shoppers_by_the_flows() -> list[Person]:
    found = []
    # Nothing listens there: what a provider says is reported here.
    with override_settings(HUTONG_SANDBOX_URL="http://127.0.0.1:9"):
        for number in range(SHOPS):
            shop = loop.scene(at=AT, capacity=PLENTY, price=1500 + 100 * number)
            for _number in range(SHOPPERS):
                found.append(people.person())
                _buy(shop, found[-1])
    jobs.drain()
    return found


def _buy(shop: loop.Scene, shopper: Person) -> None:
    placed = [shop.order(by=shopper) for _number in range(ORDERS_A_SHOPPER)]
    for order in placed:
        shop.money_arrives(order)
    for order in placed[:2]:
        (voucher,) = vouchers.vouchers_of_order(order.order_ref, at=AT)
        shop.scan(voucher.code)
    asked = refund.refund(
        order_ref=placed[-1].order_ref, unit_refs=None, reason="", by=shopper, as_operator=False, at=AT
    )
    refund.finish(report=RefundReport(asked.ref, ReportStatus.DONE, f"prv_{asked.ref}"), at=AT)


def _copying(table: str) -> str:
    """The statement that copies a table's rows; those of other people than the shoppers stay alone."""
    values = {}
    for column in rows(_COLUMNS, [table]):
        name = column["name"]
        quoted = f'p."{name}"'
        if (table, name) in _OTHERWISE:
            values[name] = _OTHERWISE[table, name]
        elif name in _NAMED[table]:
            values[name] = f"left({quoted}, -8) || lpad(copy::text, 8, '0')"
        elif name == "id" or column["target"] in _NAMED:
            values[name] = f"{quoted} + copy * %(stride)s"
        else:
            values[name] = quoted
    names = ", ".join(f'"{name}"' for name in values)
    only = " WHERE p.id = ANY (%(shoppers)s)" if table == "people_person" else ""
    return (
        f"INSERT INTO {table} ({names}) SELECT {', '.join(values.values())}"
        f" FROM generate_series(1, %(copies)s) AS copy CROSS JOIN {table} p{only} ORDER BY copy, p.id"
    )
