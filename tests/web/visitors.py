"""People with a browser, for tests of pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.test import Client

from hutong.kernel import clock
from hutong.town.merchants.models import Staff
from hutong.town.merchants.types import Role
from hutong.town.people import services
from hutong.town.people.models import Person
from hutong.web.shell.sessions import BACKEND, NOTED_KEY
from tests.factories import merchants, people
from tests.factories.loop import Scene, scene


def visitor(person: Person | None = None) -> Client:
    """A browser, signed in as `person` (who has just entered a code) or as nobody."""
    browser = Client()
    if person is not None:
        browser.force_login(person, backend=BACKEND)
        session = browser.session
        session[NOTED_KEY] = True
        session.save()
        services.open_sign_in(
            person=person,
            session_key=str(session.session_key),
            agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            address="192.0.2.1",
            proved=True,
            at=clock.now(),
        )
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
