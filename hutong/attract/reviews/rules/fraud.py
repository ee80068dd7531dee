"""How much speaks for a review being false: signals with weights, over facts that are handed in.

A score holds a review for a person to look at; it never refuses or hides one. Each signal is weak by itself: guests
of one hotel share an address, a happy new customer is new and gives five stars.
"""

from datetime import timedelta

from hutong.attract.reviews.types import FraudFacts, Reason, Score, Signal

MOST = 100
BURST_LEAST = 8
BURST_TIMES = 5.0
BURST_POINTS = 35
DEVICE_POINTS = (45, 65, 80)  # one, two, three and more other authors
ADDRESS_LEAST = 3
ADDRESS_POINTS = 25
COPIED_FROM = 0.5
COPIED_POINTS = (45, 75)  # at half in common, and when the same
OWN_SHOP_POINTS = 100
COMPETITOR_POINTS = 60
RING_POINTS = 70
NEW_WITHIN = timedelta(days=2)
NEW_POINTS = 15
NEW_SILENT_POINTS = 25


def score(facts: FraudFacts) -> Score:
    """The sum of what was found, at most 100, the heaviest reason first."""
    found = [reason for reason in (_burst(facts), _copied(facts), _new(facts)) if reason]
    found += _shared(facts)
    found += _interested(facts)
    found.sort(key=lambda reason: (-reason.points, reason.signal))
    return Score(min(MOST, sum(reason.points for reason in found)), tuple(found))


def _burst(facts: FraudFacts) -> Reason | None:
    """Many reviews of one store in a day, and many times what is usual there."""
    if facts.last_day < BURST_LEAST or facts.last_day < BURST_TIMES * max(facts.usual_a_day, 1.0):
        return None
    return Reason(
        Signal.BURST,
        BURST_POINTS,
        {"last_day": facts.last_day, "usual_a_day": round(facts.usual_a_day, 1)},
    )


def _copied(facts: FraudFacts) -> Reason | None:
    if facts.likeness < COPIED_FROM:
        return None
    low, high = COPIED_POINTS
    points = low + (high - low) * (facts.likeness - COPIED_FROM) / (1 - COPIED_FROM)
    return Reason(
        Signal.COPIED, round(points), {"like": facts.like_ref, "percent": round(100 * facts.likeness)}
    )


def _new(facts: FraudFacts) -> Reason | None:
    """An account of a day or two that gives the most or the least."""
    if facts.stars not in (1, 5) or facts.account_age_s >= NEW_WITHIN.total_seconds():
        return None
    points = NEW_POINTS if facts.has_text else NEW_SILENT_POINTS
    return Reason(
        Signal.NEW_ACCOUNT, points, {"hours": int(facts.account_age_s // 3600), "stars": facts.stars}
    )


def _shared(facts: FraudFacts) -> list[Reason]:
    """Several authors by one device, or by one address; the device says more, so the address adds nothing to it."""
    if facts.same_device:
        points = DEVICE_POINTS[min(facts.same_device, len(DEVICE_POINTS)) - 1]
        return [Reason(Signal.SHARED_DEVICE, points, {"authors": facts.same_device})]
    if facts.same_address >= ADDRESS_LEAST:
        return [Reason(Signal.SHARED_ADDRESS, ADDRESS_POINTS, {"authors": facts.same_address})]
    return []


def _interested(facts: FraudFacts) -> list[Reason]:
    """Whoever works here, works for a competitor and gives little, or whose shop was reviewed from here."""
    if facts.works_here:
        return [Reason(Signal.OWN_SHOP, OWN_SHOP_POINTS)]
    found = []
    if facts.competitors and facts.stars <= 2:
        found.append(Reason(Signal.COMPETITOR, COMPETITOR_POINTS, {"stores": list(facts.competitors)}))
    if facts.ring:
        found.append(Reason(Signal.RING, RING_POINTS, {"reviews": list(facts.ring)}))
    return found
