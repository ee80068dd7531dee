"""The database of the deals bench: shops with scanners and vouchers nobody has used yet, and a flash sale."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from bench.loop.scene import let_connections_number_apart
from hutong.api.doors import DEVICE_SCOPES, SHOPPER_SCOPES
from hutong.flows import cart
from hutong.kernel import clock
from hutong.kernel.rows import execute, rows, scalar
from hutong.pay.flashsales import services as flashsales
from hutong.town.people.models import Person
from hutong.town.people.types import TokenKind
from hutong.visit.stock import services as stock
from hutong.visit.vouchers.queries import code_of
from tests.factories import loop, people

# Part of the name of the cached database: count it up when what is made here changes.
VERSION = 2
# With one shop alone both sides would mostly wait for its rows, and the bench would flatter the server.
SHOPS, SHOPPERS, AN_ORDER = 8, 64, 50
_OPENED_AT = datetime(2025, 1, 6, 9, tzinfo=UTC)
PLENTY = 10_000_000


@dataclass(frozen=True, slots=True)
class Scene:
    """What the clients need to know. Scanners are by deal; `rush` is the deal of the flash sale, `quote` its price."""

    scanner_tokens: dict[str, str]
    shopper_tokens: list[str]
    rush: str
    quote: str
    store: str


def fill(vouchers: int) -> None:
    """Make the scene in the database Django is connected to, with at least so many vouchers, and keep it for `load`."""
    shops = [loop.scene(at=_OPENED_AT, capacity=PLENTY) for _ in range(SHOPS)]
    shoppers = [people.person() for _ in range(SHOPPERS)]
    for number in range(-(-vouchers // AN_ORDER)):
        shop, shopper = shops[number % SHOPS], shoppers[number % SHOPPERS]
        shop.money_arrives(shop.order(by=shopper, quantity=AN_ORDER))
    # The accounts of each shop are there: made at the first scan, they would tie one connection's statements to another's.
    for shop in shops:
        (used, *_others) = shop.bought()
        shop.scan(used.code)
    rush = loop.scene(at=_OPENED_AT)
    made = Scene(
        scanner_tokens={
            shop.offer.public_id: people.token_of(
                people.person(),
                kind=TokenKind.DEVICE,
                subject_ref=shop.device.public_id,
                scopes=DEVICE_SCOPES,
            )
            for shop in shops
        },
        shopper_tokens=[people.token_of(one, scopes=SHOPPER_SCOPES) for one in shoppers],
        rush=rush.offer.public_id,
        quote=cart.price(wants={rush.offer.public_id: 1}, at=_OPENED_AT).quote.hash,
        store=rush.store.public_id,
    )
    execute("CREATE TABLE bench_scene (body text NOT NULL)")
    execute("INSERT INTO bench_scene VALUES (%s)", [json.dumps(asdict(made))])
    let_connections_number_apart()
    execute("ANALYZE")


def load() -> Scene:
    """The scene of the database Django is connected to."""
    return Scene(**json.loads(scalar("SELECT body FROM bench_scene")))


def keep_fresh() -> None:
    """Vouchers are good again, however old the cached database is."""
    execute("UPDATE vouchers_voucher SET valid_until = %s", [clock.now() + timedelta(days=30)])
    execute("ANALYZE vouchers_voucher")


def open_flash_sale(scene: Scene, units: int) -> None:
    """`units` of the deal are sold from now on for some hours, without a line, to whoever is fast enough."""
    at = clock.now()
    stock.set_capacity(offer_ref=scene.rush, capacity=units, by="bench", at=at)
    flashsales.set_up(
        offer_ref=scene.rush,
        starts_at=at - timedelta(seconds=1),
        ends_at=at + timedelta(hours=6),
        places=None,
        minutes=5,
        by=Person.objects.earliest("pk"),
        at=at,
    )


def ready_vouchers() -> list[tuple[str, str]]:
    """Code and deal of every voucher that is ready, one of each shop in turn: nobody scans two at one moment."""
    found = rows(
        "SELECT public_id, offer_ref FROM vouchers_voucher WHERE state = 'ready'"
        " ORDER BY row_number() OVER (PARTITION BY offer_ref ORDER BY id), offer_ref"
    )
    return [(code_of(voucher["public_id"]), voucher["offer_ref"]) for voucher in found]
