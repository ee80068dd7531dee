"""The editor of opening hours, without JavaScript and with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from hutong.kernel import audit, clock
from hutong.kernel.rows import scalar
from hutong.town.merchants.models import Store
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db
PAGE = "/merchant/hours/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def here() -> Shop:
    """A shop, open from eight to twenty."""
    return shop()


@pytest.fixture
def owner(here: Shop) -> Client:
    """The owner's browser."""
    return visitor(here.owner)


def hours(here: Shop) -> str:
    return Store.objects.get(pk=here.scene.store.pk).opening_hours


def form(do: str, **fields: str) -> dict[str, str]:
    """A week that is open on Monday from nine to five; more in `fields`."""
    sent = {f"d{day}_mode": "closed" for day in range(7)}
    monday = {"d0_mode": "hours", "d0_0_from": "09:00", "d0_0_to": "17:00"}
    return {**sent, "d7_mode": "usual", "exceptions": "0", **monday, **fields, "do": do}


def test_the_table_shows_what_is_stored(owner: Client) -> None:
    page = owner.get(PAGE).content.decode()
    assert page.count('value="08:00"') == 7
    assert page.count('value="20:00"') == 7
    assert "Mo-Su 08:00-20:00" in page


def test_saving_is_live_logged_and_can_be_undone(here: Shop, owner: Client) -> None:
    before = hours(here)
    page = owner.post(PAGE, form("save"), follow=True).content.decode()
    assert hours(here) == "Mo 09:00-17:00"
    assert "Saved. Shoppers see it at once." in page
    (entry,) = audit.search(action="store.hours_changed", subject=here.scene.store.public_id).entries
    assert entry.changes == {"opening_hours": [before, "Mo 09:00-17:00"]}
    assert scalar("SELECT count(*) FROM kernel_outboxrow WHERE job = 'index_store'") >= 1
    owner.post(f"/merchant/hours/back/{entry.ref}/")
    assert hours(here) == before
    assert owner.post("/merchant/hours/back/aud_nothing/").status_code == 404


def test_nights_breaks_holidays_and_exceptions_are_stored(here: Shop, owner: Client) -> None:
    first = clock.now().date() + timedelta(days=10)
    sent = form(
        "save",
        d0_1_from="18:00",
        d0_1_to="02:00",
        d4_mode="always",
        d7_mode="closed",
        exceptions="1",
        x0_mode="closed",
        x0_first=first.isoformat(),
        x0_last=(first + timedelta(days=2)).isoformat(),
        x0_note='Summer; "break"',
    )
    assert owner.post(PAGE, sent).status_code == 302
    stored = hours(here)
    assert stored.startswith("Mo 09:00-17:00,18:00-02:00; Fr 00:00-24:00; PH off; ")
    assert stored.endswith("off \"Summer, 'break'\"")
    page = owner.get(PAGE).content.decode()
    assert f'value="{first.isoformat()}"' in page


@pytest.mark.parametrize(
    ("fields", "place", "words"),
    [
        ({"d0_1_from": "16:00", "d0_1_to": "18:00"}, "Monday", "overlap"),
        (
            {"d0_0_to": "03:00", "d1_mode": "hours", "d1_0_from": "01:00", "d1_0_to": "05:00"},
            "Monday",
            "next day",
        ),
        ({"d2_mode": "hours", "d2_0_from": "", "d2_0_to": "17:00"}, "Wednesday", "from when"),
        ({"d2_mode": "hours", "d2_0_from": "25:00", "d2_0_to": "17:00"}, "Wednesday", "from when"),
        ({"d2_mode": "hours"}, "Wednesday", "from when"),
        ({"exceptions": "1", "x0_mode": "closed", "x0_first": "soon"}, "", "which day"),
        (
            {"exceptions": "1", "x0_mode": "closed", "x0_first": "2030-05-05", "x0_last": "2030-05-01"},
            "",
            "before the first",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_day(
    here: Shop, owner: Client, fields: dict[str, str], place: str, words: str
) -> None:
    before = hours(here)
    response = owner.post(PAGE, form("save", **fields))
    assert response.status_code == 422
    page = response.content.decode()
    assert words in page
    assert not place or f"{place}: " in page
    assert hours(here) == before


def test_buttons_change_rows_and_store_nothing(here: Shop, owner: Client) -> None:
    before = hours(here)
    page = owner.post(PAGE, form("add-0")).content.decode()
    assert 'name="d0_1_from"' in page
    page = owner.post(PAGE, form("drop-0-0", d0_1_from="18:00", d0_1_to="20:00")).content.decode()
    assert 'name="d0_1_from"' not in page
    assert 'name="d0_0_from" value="18:00"' in page
    page = owner.post(PAGE, form("week-0")).content.decode()
    assert page.count('value="09:00"') == 5
    page = owner.post(PAGE, form("copy-0")).content.decode()
    assert page.count('value="09:00"') == 7
    page = owner.post(PAGE, form("xadd")).content.decode()
    assert 'name="x0_first"' in page
    page = owner.post(PAGE, form("xdrop-0", exceptions="1", x0_first="2030-01-01")).content.decode()
    assert 'name="x0_first"' not in page
    for nonsense in ("", "add-99", "drop-0", "drop-0-99", "xdrop-5", "xspan", "copy-x", "add-0-0-0"):
        assert owner.post(PAGE, form(nonsense)).status_code == 200
    assert hours(here) == before


def test_htmx_gets_the_form_or_the_preview_alone(here: Shop, owner: Client) -> None:
    part = owner.post(PAGE, form("xadd"), headers=HTMX).content.decode()
    assert "<html" not in part
    assert 'id="hours-form"' in part
    preview = owner.post(PAGE, form("preview"), headers=HTMX).content.decode()
    assert 'id="hours-preview"' in preview
    assert "Mo 09:00-17:00" in preview
    wrong = owner.post(PAGE, form("preview", d0_0_to=""), headers=HTMX)
    assert wrong.status_code == 200
    assert "Monday: " in wrong.content.decode()
    saved = owner.post(PAGE, form("save"), headers=HTMX)
    assert saved["HX-Redirect"] == f"{PAGE}?saved=1"


def test_hours_that_only_a_text_can_say_are_never_lost(here: Shop, owner: Client) -> None:
    text = "Apr-Oct Mo-Su 10:00-sunset; Nov-Mar Sa-Su 12:00-16:00"
    Store.objects.filter(pk=here.scene.store.pk).update(opening_hours=text)
    page = owner.get(PAGE).content.decode()
    assert "more than the table can show" in page
    assert text in page
    assert 'id="hours-form"' not in page
    owner.post(PAGE, {"do": "text", "text": text + "; PH off"})
    assert hours(here) == text + "; PH off"
    assert owner.post(PAGE, {"do": "text", "text": "whenever we like"}).status_code == 422
    assert hours(here) == text + "; PH off"


def test_a_cashier_changes_no_hours(here: Shop) -> None:
    browser = visitor(here.cashier)
    assert browser.get(PAGE).status_code == 403
    assert browser.post(PAGE, form("save")).status_code == 403
