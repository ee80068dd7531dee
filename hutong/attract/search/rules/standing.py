"""How good a find a store or a deal is before anything is asked: its rating, its price band, its quality."""

import math
from collections.abc import Mapping

from hutong.kernel.money import exponent

# A rating is the mean of the stars given and of so many that nobody gave, which are what a store usually has: one
# review of five stars is no proof (a Bayesian mean with a prior of known mean and weight).
PRIOR_MEAN = 4.0
PRIOR_REVIEWS = 8

# The least prices of band 2, 3 and 4 in whole units of the currency: about a lunch, a dinner, an evening.
BANDS: Mapping[str, tuple[int, int, int]] = {
    "AUD": (20, 45, 90),
    "BRL": (40, 90, 200),
    "CAD": (20, 45, 90),
    "CHF": (20, 45, 90),
    "CNY": (50, 120, 300),
    "CZK": (250, 600, 1_500),
    "DKK": (100, 250, 500),
    "EUR": (15, 35, 70),
    "GBP": (15, 30, 60),
    "HKD": (80, 200, 450),
    "HUF": (4_000, 10_000, 25_000),
    "IDR": (60_000, 150_000, 400_000),
    "INR": (300, 800, 2_000),
    "JPY": (1_500, 3_500, 8_000),
    "KRW": (12_000, 30_000, 70_000),
    "MXN": (150, 400, 900),
    "MYR": (20, 50, 120),
    "NOK": (150, 350, 700),
    "NZD": (20, 45, 90),
    "PHP": (300, 800, 2_000),
    "PLN": (40, 100, 220),
    "SEK": (130, 300, 600),
    "SGD": (15, 40, 90),
    "THB": (150, 400, 1_000),
    "TRY": (300, 800, 2_000),
    "TWD": (200, 500, 1_200),
    "USD": (15, 35, 75),
    "VND": (100_000, 300_000, 800_000),
    "ZAR": (120, 300, 700),
}
# Of every other currency.
OTHER_BANDS = (15, 35, 75)

# The parts of quality. Their sum is 1.
STARS_PART = 0.40
DEMAND_PART = 0.25
DEAL_PART = 0.15
COVER_PART = 0.08
CLAIMED_PART = 0.07
HOURS_PART = 0.05
# Without a review a store counts as one in the middle.
UNKNOWN_STARS = 0.5
# So many sold are all that demand can bring; a review counts as so many sold.
FULL_DEMAND = 5_000
SOLD_A_REVIEW = 3


def rating(*, count: int, stars_sum: int) -> float:
    """The Bayesian mean of the stars of `count` reviews, from 1 to 5; 0 without a review."""
    if count <= 0:
        return 0.0
    return (PRIOR_REVIEWS * PRIOR_MEAN + stars_sum) / (PRIOR_REVIEWS + count)


def price_band(price: int | None, currency: str) -> int:
    """The band, 1 to 4, of a price in minor units of a currency; 0 without a price."""
    if price is None:
        return 0
    unit: int = 10 ** exponent(currency)
    return 1 + sum(price >= least * unit for least in BANDS.get(currency, OTHER_BANDS))


def quality(
    *,
    rating: float,
    reviews: int,
    sold: int,
    has_deal: bool,
    has_cover: bool,
    claimed: bool,
    hours_known: bool,
) -> float:
    """How good a find it is whatever was asked, from 0 to 1; the parts are the constants above."""
    stars = (rating - 1) / 4 if reviews else UNKNOWN_STARS
    demand = min(1.0, math.log1p(max(0, sold) + SOLD_A_REVIEW * reviews) / math.log1p(FULL_DEMAND))
    whole = (
        STARS_PART * stars
        + DEMAND_PART * demand
        + DEAL_PART * has_deal
        + COVER_PART * has_cover
        + CLAIMED_PART * claimed
        + HOURS_PART * hours_known
    )
    return round(whole, 6)
