"""What one person may not do alone: above a limit somebody else has to agree, and that is never the one who asked."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict
from hutong.kernel.money import Money, above


class SecondPersonNeeded(Conflict):
    """Whoever asks for it does not agree to it as well."""

    code = "second_person_needed"
    message = _("Another operator has to agree to this.")


def takes_two(*amounts: Money, alone_up_to: int) -> bool:
    """Whether one of the amounts, whatever its sign, is above what one person may do alone.

    `alone_up_to` is in hundredths of a whole unit of each amount's currency (`money.above`), whatever its minor units are.
    """
    return any(above(amount, hundredths=alone_up_to) for amount in amounts)


def agree(*, asked_by: str, by: str) -> None:
    """Somebody agrees to what `asked_by` wants. Raises `SecondPersonNeeded` where they are one."""
    if asked_by == by:
        raise SecondPersonNeeded
