"""How far down a list somebody is: kept in its address, so that going back finds the same rows at the same place."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# Whoever read further than this comes back to the end of so many pages.
MOST_PAGES = 10
# For so long a list goes on as it began; then it begins anew, so that "open now" stays true.
HOLDS = timedelta(minutes=30)
_FORM = re.compile(r"(\d{1,3})~(\d{1,11})((?:~plc_[0-9a-z]{1,34}\.[a-z]{3}_[0-9a-z]{1,34}){0,8})")


@dataclass(frozen=True, slots=True)
class Spot:
    """How many pages are shown, the moment as of which they were asked for, and what is paid for among them.

    `paid` are pairs of the public ids of a placement and of the shop or deal that it shows.
    """

    pages: int
    at: datetime
    paid: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """As it stands in an address. A part of a second counts as a whole one: what began in it is on the list."""
        second = int(self.at.timestamp()) + bool(self.at.microsecond)
        return "~".join([str(self.pages), str(second), *(f"{ref}.{subject}" for ref, subject in self.paid)])


def read_spot(text: str, now: datetime) -> Spot:
    """The spot in an address; the beginning of the list for anything else."""
    found = _FORM.fullmatch(text[:800])
    if not found:
        return Spot(1, now)
    pages = max(1, min(int(found[1]), MOST_PAGES))
    began = datetime.fromtimestamp(int(found[2]), UTC)
    pairs = [pair.partition(".") for pair in found[3].split("~") if pair]
    return Spot(
        pages,
        began if now - HOLDS < began <= now + timedelta(seconds=1) else now,
        tuple((ref, subject) for ref, _dot, subject in pairs),
    )
