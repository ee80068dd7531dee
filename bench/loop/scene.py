"""The database of the loop bench: shops with a deal and a scanner each, shoppers, and their tokens."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from django.db import connection

from hutong.api.doors import DEVICE_SCOPES, SHOPPER_SCOPES
from hutong.flows import cart
from hutong.kernel.rows import execute, rows, scalar
from hutong.town.people.types import TokenKind
from hutong.visit.vouchers import queries as vouchers
from tests.factories import loop, people

# Part of the name of the cached database: count it up when what is made here changes.
VERSION = 3
# With one shop alone both sides would mostly wait for the row of its stock, and the bench would flatter the server.
SHOPS, SHOPPERS = 8, 40
PLENTY = 10_000_000
# So many numbers a connection takes at once from each sequence: what it gets then depends on it alone.
SEQUENCE_CACHE = 100_000
ORDINALS = "bench_connection"
_OPENED_AT = datetime(2025, 1, 6, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop with one deal and one scanner. `quote` is the hash of the price of one unit."""

    store: str
    deal: str
    quote: str
    scanner_token: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What the clients need to know. Shopper number `n` buys in shop number `n % SHOPS`."""

    shops: list[Shop]
    shopper_tokens: list[str]


def fill() -> None:
    """Make the scene in the database Django is connected to, and keep it there for `load`.

    Every shopper has been in their shop once: rows that are made at the first time and found later would tie
    one connection's statements to another's.
    """
    shops = [loop.scene(at=_OPENED_AT, capacity=PLENTY) for _ in range(SHOPS)]
    shoppers = [people.person() for _ in range(SHOPPERS)]
    for number, shopper in enumerate(shoppers):
        shop = shops[number % SHOPS]
        placed = shop.order(by=shopper)
        shop.money_arrives(placed)
        (voucher,) = vouchers.vouchers_of_order(placed.order_ref, at=_OPENED_AT)
        shop.scan(voucher.code)
    made = Scene(
        shops=[_shop(shop) for shop in shops],
        shopper_tokens=[people.token_of(one, scopes=SHOPPER_SCOPES) for one in shoppers],
    )
    execute("CREATE TABLE bench_scene (body text NOT NULL)")
    execute("INSERT INTO bench_scene VALUES (%s)", [json.dumps(asdict(made))])
    let_connections_number_apart()
    execute("ANALYZE")


def load() -> Scene:
    """The scene of the database Django is connected to."""
    body = json.loads(scalar("SELECT body FROM bench_scene"))
    return Scene([Shop(**shop) for shop in body["shops"]], body["shopper_tokens"])


def _shop(shop: loop.Scene) -> Shop:
    return Shop(
        store=shop.store.public_id,
        deal=shop.offer.public_id,
        quote=cart.price(wants={shop.offer.public_id: 1}, at=_OPENED_AT).quote.hash,
        scanner_token=people.token_of(
            people.person(), kind=TokenKind.DEVICE, subject_ref=shop.device.public_id, scopes=DEVICE_SCOPES
        ),
    )


def let_connections_number_apart() -> None:
    """Numbers for connections, and blocks of ids that depend on the connection alone; see `record.prime`."""
    sequences = rows(
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'S' AND n.nspname = 'public'"
    )
    with connection.cursor() as cursor:
        for sequence in sequences:
            cursor.execute(f"ALTER SEQUENCE {sequence['name']} CACHE {SEQUENCE_CACHE}")
        cursor.execute(f"CREATE SEQUENCE {ORDINALS}")
