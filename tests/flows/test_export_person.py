"""A person's own file: all rooms tell, nothing that names people is forgotten, no secret is in it."""

import io
import json
import zipfile
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from hutong.flows import export_person, jobs
from hutong.kernel.errors import TooMany
from hutong.town.people import rules, services
from hutong.town.people.models import Person
from hutong.town.people.types import AddressText, SignInState
from tests.factories import people
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db(transaction=True)

# Names of columns that hold the public id of a person, or of whoever a row speaks of.
REF_NAMES = {
    *(
        "person_ref",
        "by",
        "by_ref",
        "actor",
        "actor_ref",
        "created_by",
        "revoked_by",
        "changed_by",
        "undone_by",
    ),
    *("decided_by", "paired_by", "ended_by", "requested_by", "invited_by", "to", "sent_to", "subject_ref"),
}
FRAMEWORK = {"admin.LogEntry", "axes.AccessAttempt", "axes.AccessLog", "axes.AccessFailureLog"}


def fresh(at: datetime) -> SignInState:
    return SignInState(ref="sgn_test", ended=False, last_seen_at=at, proved_at=at)


def names_people(model: type[models.Model]) -> bool:
    """Whether a row of `model` can say something of a person: a key to Person, or a column named like one."""
    for field in model._meta.get_fields():
        if field.auto_created and not field.concrete:
            continue
        if field.related_model is Person or field.name in REF_NAMES:
            return True
    return False


def test_every_table_that_names_people_is_told_or_left_out_for_a_reason() -> None:
    told = export_person.everything(person=people.person())
    ours = [model for model in apps.get_models() if model.__module__.startswith("hutong.")]
    naming = {model._meta.label for model in ours if names_people(model)} | FRAMEWORK
    assert naming >= {"orders.Order", "stock.Hold", "kernel.AuditEntry", "people.Address"}  # the finder finds
    assert naming - set(told) - set(export_person.LEFT_OUT) == set()
    assert set(told) & set(export_person.LEFT_OUT) == set()
    labels = {model._meta.label for model in apps.get_models()}
    assert set(told) - labels == set()
    assert all(reason for reason in export_person.LEFT_OUT.values())


@pytest.fixture
def lived(at: datetime) -> Scene:
    """A shopper with an address, a consent, an order of two, one of them used and remembered."""
    here = scene(at=at)
    services.rename_person(person=here.shopper, name="Aino Ankkuri")
    text = AddressText("Home", "Aino Ankkuri", "", "Katu 1", "00100", "Helsinki", "", "Ring twice")
    services.add_address(person=here.shopper, text=text, default=False, at=at)
    services.keep_wechat_id(person=here.shopper, appid="wx1", openid="oAino", at=at)
    vouchers = here.bought(quantity=2)
    here.scan(vouchers[0].code)
    jobs.drain()
    here.shopper.refresh_from_db()
    return here


def test_the_file_tells_what_all_rooms_keep(lived: Scene, at: datetime) -> None:
    archive = zipfile.ZipFile(
        io.BytesIO(export_person.export(person=lived.shopper, sign_in=fresh(at), at=at))
    )
    assert sorted(archive.namelist()) == ["data.json", "index.html"]
    tables: dict[str, list[dict[str, Any]]] = json.loads(archive.read("data.json"))["tables"]
    assert [row["phone"] for row in tables["people.Person"]] == [lived.shopper.phone]
    assert [row["street"] for row in tables["people.Address"]] == ["Katu 1"]
    assert [row["openid"] for row in tables["people.WechatId"]] == ["oAino"]
    assert [row["total"] for row in tables["orders.Order"]] == [3980]
    assert [row["captured"] for row in tables["payments.Payment"]] == [3980]
    assert sorted(row["state"] for row in tables["vouchers.Voucher"]) == ["ready", "used"]
    assert len(tables["vouchers.Redemption"]) == 1
    assert [row["kind"] for row in tables["customers.Visit"]] == ["purchase", "redemption"]
    assert [row["granted"] for row in tables["customers.ConsentChange"]] == [True]
    page = archive.read("index.html").decode()
    assert "My vouchers" in page
    assert "Aino Ankkuri" in page


def test_somebody_elses_rows_are_not_in_it(lived: Scene, at: datetime) -> None:
    stranger = people.person(name="Somebody Else")
    file = export_person.export(person=stranger, sign_in=fresh(at), at=at)
    text = zipfile.ZipFile(io.BytesIO(file)).read("data.json").decode()
    assert "Aino" not in text
    assert str(lived.shopper.phone) not in text
    assert lived.shopper.public_id not in text


def test_no_code_and_no_hash_is_in_it(lived: Scene, at: datetime) -> None:
    voucher = lived.bought()[0]
    plain = people.token_of(lived.shopper, scopes=["orders:read"])
    file = export_person.export(person=lived.shopper, sign_in=fresh(at), at=at)
    text = zipfile.ZipFile(io.BytesIO(file)).read("data.json").decode()
    assert voucher.ref in text
    assert voucher.code not in text
    assert voucher.code.replace("-", "").replace(" ", "") not in text
    assert plain not in text
    assert "hmac" not in text
    assert "password" not in text


def test_it_needs_a_code_of_the_last_ten_minutes(at: datetime) -> None:
    person = people.person()
    for proved_at in (None, at - rules.FRESH_FOR):
        state = SignInState(ref="sgn_test", ended=False, last_seen_at=at, proved_at=proved_at)
        with pytest.raises(services.CodeFirst):
            export_person.export(person=person, sign_in=state, at=at)


def test_five_a_day(at: datetime) -> None:
    person = people.person()
    for _ in range(rules.EXPORTS_A_DAY):
        export_person.export(person=person, sign_in=fresh(at), at=at)
    with pytest.raises(TooMany):
        export_person.export(person=person, sign_in=fresh(at), at=at)
    tomorrow = at + timedelta(days=1)
    assert export_person.export(person=person, sign_in=fresh(tomorrow), at=tomorrow)
