"""An operator sets the rules of a programme; they hold from that moment on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, Invalid
from hutong.kernel.locking import advisory
from hutong.kernel.text import clean
from hutong.know.loyalty import models, queries
from hutong.know.loyalty.rules import TITLE_LIMIT, fault
from hutong.know.loyalty.types import Programme, Rules
from hutong.town.people.models import Person


class RulesInvalid(Invalid):
    """A number that makes no sense; `field` says which."""

    code = "points_rules_invalid"
    message = _(
        "Points and amounts are above nothing, a share lies between 0 and 100 %, and one step of points is worth a "
        "whole number of the smallest coins."
    )


class TitleMissing(Invalid):
    """Points have a name."""

    code = "points_title_missing"
    message = _("Please say what the points are called.")


def set_programme(
    *, titles: Mapping[str, str], rules: Rules, on: bool, by: Person, at: datetime
) -> Programme:
    """Set the rules of the programme of a currency from `at` on, and switch it on or off.

    What was earned before keeps its end; what it is worth is what the rules say when it is spent. Raises `Forbidden`
    for who is no operator, `RulesInvalid`, `TitleMissing`.
    """
    if not by.is_operator:
        raise Forbidden
    wrong = fault(rules)
    if wrong:
        raise RulesInvalid(field=wrong)
    named = {language: clean(title, limit=TITLE_LIMIT) for language, title in titles.items()}
    if not named.get("en"):
        raise TitleMissing(field="title_en")
    with transaction.atomic():
        # One at a time, so that the log says what there was before.
        advisory("loyalty_programme", rules.unit)
        before = queries.programme(rules.currency, at)
        made = models.Programme.objects.create(
            unit=rules.unit,
            currency=rules.currency,
            titles={language: title for language, title in named.items() if title},
            made_by=by.public_id,
            since=at,
            **_columns(rules, on),
        )
        audit.record(
            action="loyalty.programme_set",
            subject=rules.unit,
            by=by.public_id,
            at=at,
            before=_told(before.titles, before.rules, before.on) if before else None,
            after=_told(named, rules, on),
        )
    return Programme(titles=made.titles, rules=rules, on=on, since=at, made_by=by.public_id)


def _columns(rules: Rules, on: bool) -> dict[str, Any]:
    return {
        "on": on,
        "earn": rules.earn.minor,
        "paid": rules.paid.minor,
        "each": rules.each.minor,
        "worth": rules.worth.minor,
        "step": rules.step.minor,
        "share_ppm": rules.share_ppm,
        "months": rules.months,
    }


def _told(titles: Mapping[str, str], rules: Rules, on: bool) -> dict[str, Any]:
    """What the log says of a programme, so that it can be read without knowing which number is of what."""
    return {
        "earning": on,
        "titles": {language: title for language, title in titles.items() if title},
        "points_for": f"{rules.earn.minor} : {rules.paid.major_text} {rules.currency}",
        "points_worth": f"{rules.each.minor} : {rules.worth.major_text} {rules.currency}",
        "points_step": rules.step.minor,
        "share_ppm": rules.share_ppm,
        "months": rules.months,
    }
