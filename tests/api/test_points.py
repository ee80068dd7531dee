"""One's points over the API: how many, what they are worth, what ends when."""

from datetime import datetime, timedelta

import pytest

from hutong.api.doors import Scope
from tests.api.caller import as_person
from tests.factories import people
from tests.factories.points import lot, programme

pytestmark = [pytest.mark.django_db, pytest.mark.unbalanced("points are earned with names here")]

SCOPE = [Scope.ORDERS_READ]


def test_ones_points_with_their_worth_and_end(at: datetime) -> None:
    at = at.replace(microsecond=0)
    programme(at=at - timedelta(days=1))
    me = people.person()
    for minor, days in ((120, 5), (30, 5), (340, None)):
        lot(me.public_id, minor, days=days, at=at)
    (mine,) = as_person(me, at, scopes=SCOPE).get("/points").json
    assert mine["programme"] == "pts_eur"
    assert (mine["points"], mine["worth"], mine["earning"]) == (490, {"minor": 490, "unit": "EUR"}, True)
    assert [each["points"] for each in mine["endings"]] == [150, 340]
    assert datetime.fromisoformat(mine["endings"][0]["ends_at"]) == at + timedelta(days=5)
    assert mine["endings"][1]["ends_at"] is None
    (others,) = as_person(people.person(), at, scopes=SCOPE).get("/points").json
    assert (others["points"], others["endings"]) == (0, [])


def test_a_site_without_points_answers_with_none(at: datetime) -> None:
    assert as_person(people.person(), at, scopes=SCOPE).get("/points").json == []
