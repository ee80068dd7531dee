"""The sample offers of the demo city, read from `samples.toml`."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hutong.kernel.money import Money
from hutong.town.catalog.types import Include, OfferDraft

_FILE = Path(__file__).with_name("samples.toml")
# Shops with the same offer ask a little more or less for it, in percent of its price.
_PRICE_STEPS = (100, 106, 95, 103)


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample offer; amounts in minor units of whatever currency the region has."""

    category_slug: str
    titles: dict[str, str]
    descriptions: dict[str, str]
    includes: tuple[tuple[dict[str, str], int, int], ...]
    price: int
    emoji: str
    hue: int
    tags: tuple[str, ...]
    valid_days: int
    capacity: int | None
    limit: int | None

    @property
    def list_price(self) -> int:
        """What the parts cost one by one."""
        return sum(quantity * value for _names, quantity, value in self.includes)

    def draft(self, *, currency: str, variant: int, starts_at: datetime) -> OfferDraft:
        """The offer as a merchant would write it; `variant` moves its price a little."""
        moved = self.price * _PRICE_STEPS[variant % len(_PRICE_STEPS)] // 100
        # Prices end as shops write them: 12.90 rather than 12.64, and 2.90 rather than 2.94.
        price = min(moved // 100 * 100 + 90 if moved > 1000 else moved // 10 * 10, self.list_price)
        return OfferDraft(
            titles=self.titles,
            descriptions=self.descriptions,
            list_price=Money(self.list_price, currency),
            price=Money(price, currency),
            starts_at=starts_at,
            includes=tuple(
                Include(names=names, quantity=quantity, value=Money(value, currency))
                for names, quantity, value in self.includes
            ),
            emoji=self.emoji,
            hue=self.hue,
            tags=self.tags,
            per_person_limit=self.limit,
            sample=True,
        )


def samples_by_category() -> dict[str, list[Sample]]:
    """All samples in the order of the file, by category."""
    found: dict[str, list[Sample]] = {}
    for entry in tomllib.loads(_FILE.read_text(encoding="utf-8"))["offer"]:
        sample = _sample(entry)
        found.setdefault(sample.category_slug, []).append(sample)
    return found


def _sample(entry: dict[str, Any]) -> Sample:
    return Sample(
        category_slug=entry["category"],
        titles={"en": entry["title"], "zh-Hans": entry["title_zh"]},
        descriptions={"en": entry["about"], "zh-Hans": entry["about_zh"]},
        includes=tuple(
            ({"en": en, "zh-Hans": zh_hans}, quantity, value)
            for en, zh_hans, quantity, value in entry["includes"]
        ),
        price=entry["price"],
        emoji=entry["emoji"],
        hue=entry["hue"],
        tags=tuple(entry["tags"]),
        valid_days=entry["valid_days"],
        capacity=entry.get("capacity"),
        limit=entry.get("limit"),
    )
