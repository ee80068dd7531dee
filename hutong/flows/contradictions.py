"""What a payment service said against what is recorded: an operator looks at it, and no month waits for it any more."""

from datetime import datetime

from hutong.kernel.errors import Forbidden
from hutong.pay.payments import services
from hutong.town.people.models import Person


def looked_at(*, provider: str, event_id: str, reason: str, by: Person, at: datetime) -> None:
    """An operator has looked, and says what came of it. Raises `Forbidden`, `OutcomeMissing`, `ContradictionNotFound`."""
    if not by.is_operator:
        raise Forbidden
    services.look_at_contradiction(
        provider=provider, event_id=event_id, reason=reason, by=by.public_id, at=at
    )
