"""Vouchers that another channel sold, brought in as a shop does it."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from hutong.flows import import_vouchers
from hutong.town.merchants.types import Role
from hutong.town.people.models import Person
from hutong.visit.vouchers.types.channels import Brought
from tests.factories import merchants, people
from tests.factories.loop import Scene

CHANNEL = "Dealmarket"


def manager(shop: Scene) -> Person:
    """Somebody who may change the shop's deals."""
    person = people.person()
    merchants.staff(merchant=shop.merchant, person=person, role=Role.MANAGER)
    return person


def brought(
    shop: Scene,
    *rows: str,
    header: str = "code",
    channel: str = CHANNEL,
    by: Person | None = None,
    at: datetime | None = None,
) -> Brought:
    """A list with these rows, brought in for the deal of the shop."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as kept:
        kept.write("\n".join([header, *rows]))
        kept.flush()
        return import_vouchers.bring_in(
            Path(kept.name),
            offer_ref=shop.offer.public_id,
            channel=channel,
            merchant_ref=shop.merchant.public_id,
            by=by or manager(shop),
            at=at or shop.at,
        )
