"""A provider that cannot be asked for its books is one line of the check, and keeps nothing else from being told."""

from datetime import datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from hutong.cli.app import app
from hutong.flows import jobs
from hutong.kernel.rows import execute
from hutong.town.notifications.models import Notification
from tests.factories import people
from tests.factories.loop import scene
from tests.fakes.providers.wechat.keys import new_key, private_pem
from tests.fakes.sandbox import Sandbox
from tests.web.visitors import visitor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.unbalanced("breaks a balance on purpose")]
UNREADABLE = "the merchant's private key cannot be read"
TOO_SHORT = "the APIv3 key has not 32 characters"


@pytest.fixture(params=[UNREADABLE, TOO_SHORT])
def why(request: pytest.FixtureRequest, settings: Any) -> str:
    """What is wrong with the keys of WeChat Pay, which this site takes beside the sandbox."""
    wrong: str = request.param
    settings.HUTONG_PROVIDERS = ["sandbox", "wechat"]
    settings.HUTONG_PROVIDER_KEYS = {
        "wechat": {
            "mchid": "1900000001",
            "appid": "wx_of_a_test",
            "merchant_serial": "0" * 40,
            "merchant_key": "no PEM" if wrong == UNREADABLE else private_pem(new_key()),
            "api_v3_key": "f" * (32 if wrong == UNREADABLE else 31),
            "public_key": "",
            "public_key_id": "",
            "way": "native",
            "url": "",
        }
    }
    return wrong


@pytest.fixture
def broken(at: datetime) -> None:
    """A balance that is not the sum of its transfers."""
    scene(at=at).bought()
    execute("UPDATE ledger_balance SET minor = minor + 1")


def test_the_worker_tells_what_it_found_besides(
    why: str, broken: None, at: datetime, sandbox: Sandbox
) -> None:
    operator = people.operator()
    found = jobs.check_books(at=at)
    assert f"providers: wechat cannot be asked ({why}); `hutong doctor` says what to do" in found
    assert any(problem.startswith("ledger: ") for problem in found)
    jobs.drain()
    (told,) = Notification.objects.filter(person=operator)
    assert (told.kind, told.params["count"]) == ("books_problem", len(found))


def test_the_command_prints_all_of_it(why: str, broken: None, sandbox: Sandbox) -> None:
    shown = CliRunner().invoke(app, ["books", "check"])
    assert shown.exit_code == 1
    lines = " ".join(shown.output.split())
    assert f"✗ providers: wechat cannot be asked ({why})" in lines
    assert "✗ ledger: " in lines


def test_the_page_shows_all_of_it(why: str, broken: None, sandbox: Sandbox) -> None:
    context = visitor(people.operator()).get("/operator/books/?run=all").context
    found = {entry.title: entry.text for entry in context["problems"]}
    assert why in found["The providers' own books"]
    assert "Ledger" in found
