"""The database of the loop bench: a shop with a deal, shoppers and scanners, and their tokens."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from django.db import connection

from hutong.api.doors import DEVICE_SCOPES, SHOPPER_SCOPES
from hutong.flows import checkout
from hutong.kernel.rows import execute, rows, scalar
from hutong.town.people.types import TokenKind
from hutong.visit.vouchers import queries as vouchers
from tests.factories import loop, merchants, people

# Part of the name of the cached database: count it up when what is made here changes.
VERSION = 2
SHOPPERS, DEVICES = 40, 4
PLENTY = 10_000_000
# So many numbers a connection takes at once from each sequence: what it gets then depends on it alone.
SEQUENCE_CACHE = 100_000
ORDINALS = "bench_connection"
_OPENED_AT = datetime(2025, 1, 6, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scene:
    """What the clients need to know. `quote` is the hash of the price of one unit."""

    store: str
    deal: str
    quote: str
    shopper_tokens: list[str]
    device_tokens: list[str]


def fill() -> None:
    """Make the scene in the database Django is connected to, and keep it there for `load`.

    Every shopper has been here once: rows that are made at the first time and found later would tie one
    connection's statements to another's.
    """
    shop = loop.scene(at=_OPENED_AT, capacity=PLENTY)
    store, offer = shop.store, shop.offer
    owner = people.person()
    devices = [merchants.device(store=store, name=f"Till {number}") for number in range(DEVICES)]
    shoppers = [people.person() for _ in range(SHOPPERS)]
    for shopper in shoppers:
        placed = shop.order(by=shopper)
        shop.money_arrives(placed)
        (voucher,) = vouchers.vouchers_of_order(placed.order_ref, at=_OPENED_AT)
        shop.scan(voucher.code)
    made = Scene(
        store=store.public_id,
        deal=offer.public_id,
        quote=checkout.price(wants={offer.public_id: 1}, at=_OPENED_AT).quote.hash,
        shopper_tokens=[people.token_of(one, scopes=SHOPPER_SCOPES) for one in shoppers],
        device_tokens=[
            people.token_of(owner, kind=TokenKind.DEVICE, subject_ref=one.public_id, scopes=DEVICE_SCOPES)
            for one in devices
        ],
    )
    execute("CREATE TABLE bench_scene (body text NOT NULL)")
    execute("INSERT INTO bench_scene VALUES (%s)", [json.dumps(asdict(made))])
    _let_connections_number_apart()
    execute("ANALYZE")


def load() -> Scene:
    """The scene of the database Django is connected to."""
    return Scene(**json.loads(scalar("SELECT body FROM bench_scene")))


def _let_connections_number_apart() -> None:
    sequences = rows(
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'S' AND n.nspname = 'public'"
    )
    with connection.cursor() as cursor:
        for sequence in sequences:
            cursor.execute(f"ALTER SEQUENCE {sequence['name']} CACHE {SEQUENCE_CACHE}")
        cursor.execute(f"CREATE SEQUENCE {ORDINALS}")
