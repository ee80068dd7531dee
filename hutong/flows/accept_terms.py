"""Which version of the site's binding texts somebody accepted by signing in."""

from datetime import datetime

from hutong.flows import site_pages
from hutong.flows.site_pages import SitePage
from hutong.town.people import services as people
from hutong.town.people.models import Person
from hutong.town.people.types import ConsentKind

TEXTS = {SitePage.TERMS: ConsentKind.TERMS, SitePage.PRIVACY: ConsentKind.PRIVACY}


def accept(*, person: Person, source: str, at: datetime) -> int:
    """Write down that `person` accepts the texts as they stand now; how many of them are new to them.

    The version is the number of the page's revision; 0 is the text that comes with the house. The page where
    this happens says so and links to both.
    """
    return sum(
        people.give_consent(
            person=person,
            kind=kind,
            version=str(site_pages.read(page, person.language).number),
            source=source,
            at=at,
        )
        for page, kind in TEXTS.items()
    )
