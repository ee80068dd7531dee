"""People with a browser, for tests of pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.test import Client

from hutong.kernel import clock
from hutong.town.merchants.models import Staff
from hutong.town.merchants.types import Role
from hutong.town.people.models import Person
from tests.factories import merchants, people
from tests.factories.loop import Scene, scene


def visitor(person: Person | None = None) -> Client:
    """A browser, signed in as `person` or as nobody."""
    browser = Client()
    if person is not None:
        browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@dataclass
class Shop:
    """A shop with its people; pages read the clock, so its moment is now."""

    scene: Scene
    owner: Person
    cashier: Person

    @property
    def at(self) -> datetime:
        """When the shop was made."""
        return self.scene.at


def shop() -> Shop:
    """A merchant with one store and one deal, an owner and a cashier."""
    made = scene(at=clock.now())
    owner = Staff.objects.get(merchant=made.merchant, role=Role.OWNER.value).person
    cashier = people.person(name="Kalle Cashier")
    merchants.staff(merchant=made.merchant, person=cashier, role=Role.CASHIER, store=made.store)
    return Shop(scene=made, owner=owner, cashier=cashier)
