"""More differences than a page holds: the page says that there are more, and shows them."""

from __future__ import annotations

import pytest

from hutong.flows import differences, reconcile
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.payments import queries
from hutong.pay.payments.types import Bill, Explanation
from hutong.web.operator.bills import LISTED
from tests.factories import people
from tests.factories.payments import line
from tests.web.operator.test_without_bill import PAGE, text
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db


def test_the_page_of_bills_goes_on() -> None:
    now, operator = clock.now(), people.operator()
    lines = [line("", Money(5, "EUR"), provider_ref=f"their_{number}") for number in range(LISTED + 1)]
    reconcile.keep(Bill(tuple(lines)), provider="sandbox", on=now.date(), at=now)
    browser = visitor(operator)
    first = browser.get(PAGE)
    assert len(first.context["waiting"]) == LISTED
    more = browser.get(PAGE, {"after": first.context["waiting_after"]})
    assert [row.difference.provider_ref for row in more.context["waiting"]] == [f"their_{LISTED}"]
    assert more.context["waiting_after"] == ""
    assert ("More of them" in text(first), "More of them" in text(more)) == (True, False)
    assert ("From the beginning" in text(first), "From the beginning" in text(more)) == (False, True)
    for each in queries.open_differences():
        differences.explain(
            difference_ref=each.difference_ref,
            explanation=Explanation.PROMISED,
            note="They said so",
            by=operator,
            at=now,
        )
    first = browser.get(PAGE)
    assert (first.context["waiting"], len(first.context["explained"])) == ([], LISTED)
    more = browser.get(PAGE, {"explained_after": first.context["explained_after"]})
    assert [row.difference.provider_ref for row in more.context["explained"]] == [f"their_{LISTED}"]
    assert browser.get(PAGE, {"after": "nothing"}).status_code == 200
