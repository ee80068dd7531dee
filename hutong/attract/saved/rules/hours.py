"""What people look for at which hour of the day: one table, by category or by group, in the wall time of the place."""

from enum import StrEnum


class DayPart(StrEnum):
    """A part of the day by what people go out for."""

    BREAKFAST = "breakfast"
    FORENOON = "forenoon"
    LUNCH = "lunch"
    COFFEE = "coffee"
    DINNER = "dinner"
    NIGHT = "night"


# The hour a part begins with; the last one goes on after midnight until the first one begins.
BEGINS = (
    (6, DayPart.BREAKFAST),
    (10, DayPart.FORENOON),
    (11, DayPart.LUNCH),
    (14, DayPart.COFFEE),
    (17, DayPart.DINNER),
    (22, DayPart.NIGHT),
)
# A category goes before its group; what is not here weighs 1.0. docs/concepts/home.md shows this table.
WEIGHTS: dict[DayPart, dict[str, float]] = {
    DayPart.BREAKFAST: {"cafe": 1.5, "bakery": 1.5, "groceries": 1.1, "food": 0.9, "nightlife": 0.4},
    DayPart.FORENOON: {"cafe": 1.2, "bakery": 1.2, "shopping": 1.1, "beauty": 1.1, "nightlife": 0.4},
    DayPart.LUNCH: {"food": 1.5, "cafe": 1.2, "bakery": 1.1, "nightlife": 0.5},
    DayPart.COFFEE: {"cafe": 1.4, "bakery": 1.4, "shopping": 1.1, "fun": 1.1, "food": 0.9, "nightlife": 0.6},
    DayPart.DINNER: {"food": 1.5, "cafe": 0.9, "bakery": 0.8, "nightlife": 1.2, "fun": 1.2, "health": 0.8},
    DayPart.NIGHT: {"nightlife": 1.6, "fast-food": 1.3, "food": 1.0, "cafe": 0.6, "bakery": 0.5,
                    "health": 0.7, "beauty": 0.7, "shopping": 0.7, "stay": 1.2},
}  # fmt: skip


def day_part(hour: int) -> DayPart:
    """The part of the day an hour of the wall clock (0 to 23) belongs to."""
    if not 0 <= hour <= 23:
        raise ValueError(f"no hour of a day: {hour}")
    return next((part for begins, part in reversed(BEGINS) if hour >= begins), BEGINS[-1][1])


def hour_weight(hour: int, *, category: str, group: str) -> float:
    """How much a shop of this category is looked for at this hour; 1.0 is as much as at any other."""
    weights = WEIGHTS[day_part(hour)]
    return weights.get(category, weights.get(group, 1.0))
