"""Signing in by phone and one-time code."""

from __future__ import annotations

import logging
import re
from datetime import datetime, timedelta

import pytest
from django.utils import translation

from hutong.kernel.errors import TooMany
from hutong.town.people import queries, rules, services
from hutong.town.people.models import Message, OneTimeCode, Person
from tests.factories import people

pytestmark = pytest.mark.django_db

PHONE = "+358401234567"
ADDRESS = "192.0.2.1"


def ask(at: datetime, phone: str = PHONE, address: str = ADDRESS) -> str:
    """Ask for a code and read it in the tray."""
    services.send_code(phone=phone, address=address, at=at)
    found = re.search(r"\b[0-9]{6}\b", queries.messages(1)[0].body)
    assert found
    return found[0]


def enter(code: str, at: datetime, phone: str = PHONE, language: str = "en") -> Person:
    return services.sign_in(phone=phone, code=code, language=language, address=ADDRESS, at=at)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_the_first_time_makes_the_person_and_the_second_finds_them(at: datetime) -> None:
    first = enter(ask(at), at, language="zh-hans")
    assert (first.phone, first.language, first.created_at) == (PHONE, "zh-hans", at)
    assert not first.has_usable_password()
    later = at + timedelta(days=1)
    assert enter(ask(later, phone="040 123 4567"), later).pk == first.pk


def test_an_unknown_language_falls_back(at: datetime) -> None:
    assert enter(ask(at), at, language="tlh").language == "en"


def test_a_code_is_typed_as_people_type(at: datetime) -> None:
    code = ask(at)
    assert enter(f" {code[:3]} {code[3:]} ", at).phone == PHONE


def test_the_answer_is_the_same_whether_or_not_the_phone_is_known(at: datetime) -> None:
    people.person(phone="+358401111111")
    known = services.send_code(phone="+358401111111", address=ADDRESS, at=at)
    unknown = services.send_code(phone="+358402222222", address=ADDRESS, at=at)
    assert known.expires_at == unknown.expires_at == at + timedelta(minutes=5)
    assert not Person.objects.filter(phone="+358402222222").exists()


def test_a_code_is_good_once(at: datetime) -> None:
    code = ask(at)
    enter(code, at)
    with pytest.raises(services.CodeExpired):
        enter(code, at)


def test_a_code_is_good_for_five_minutes(at: datetime) -> None:
    code = ask(at)
    with pytest.raises(services.CodeExpired):
        enter(code, at + timedelta(minutes=5))
    assert enter(code, at + timedelta(minutes=5, microseconds=-1)).phone == PHONE


def test_three_wrong_tries_end_a_code(at: datetime) -> None:
    code = ask(at)
    left = []
    for _ in range(3):
        with pytest.raises(services.CodeWrong) as refused:
            enter(wrong(code), at)
        left.append(refused.value.details["tries_left"])
    assert left == [2, 1, 0]
    with pytest.raises(services.CodeExpired):
        enter(code, at)
    assert not Person.objects.exists()


def test_only_the_newest_code_opens(at: datetime) -> None:
    old = ask(at)
    new = ask(at)
    while new == old:
        new = ask(at)
    with pytest.raises(services.CodeWrong):
        enter(old, at)
    assert enter(new, at).phone == PHONE


def test_a_code_belongs_to_its_phone(at: datetime) -> None:
    code = ask(at)
    other = ask(at, phone="+358402222222")
    if other != code:
        with pytest.raises(services.CodeWrong):
            enter(code, at, phone="+358402222222")
    with pytest.raises(services.CodeExpired):
        enter(code, at, phone="+358403333333")


def test_the_code_is_nowhere_in_the_tables_but_the_tray(
    at: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        code = ask(at)
    stored = OneTimeCode.objects.get()
    assert re.fullmatch("[0-9a-f]{64}", stored.code_hmac)
    assert code not in caplog.text


def test_the_console_sender_keeps_the_secret(
    at: datetime, settings: object, caplog: pytest.LogCaptureFixture
) -> None:
    settings.HUTONG_SMS = "console"  # type: ignore[attr-defined]
    with caplog.at_level(logging.DEBUG):
        services.send_code(phone=PHONE, address=ADDRESS, at=at)
    assert "+358 ••• ••• 567" in caplog.text
    assert not re.search(r"\b[0-9]{6}\b", caplog.text.replace("+00:00", ""))
    assert not Message.objects.exists()


def test_the_message_speaks_the_active_language(at: datetime) -> None:
    with translation.override("zh-hans"):
        services.send_code(phone=PHONE, address=ADDRESS, at=at)
    chinese = queries.messages(1)[0].body
    with translation.override("en"):
        services.send_code(phone=PHONE, address=ADDRESS, at=at)
    assert "验证码" in chinese
    assert "your code for Hutong" in queries.messages(1)[0].body


def test_five_codes_an_hour_for_a_phone(at: datetime) -> None:
    for number in range(rules.CODES_PER_PHONE):
        services.send_code(phone=PHONE, address=f"192.0.2.{number}", at=at)
    with pytest.raises(TooMany) as refused:
        services.send_code(phone=PHONE, address="192.0.2.99", at=at + timedelta(minutes=20))
    assert refused.value.details["retry_after_s"] == 40 * 60
    services.send_code(phone=PHONE, address="192.0.2.99", at=at + timedelta(hours=1))


def test_twenty_codes_an_hour_for_an_address(at: datetime) -> None:
    for _ in range(rules.CODES_PER_ADDRESS):
        services.send_code(phone=people.phone_number(), address=ADDRESS, at=at)
    with pytest.raises(TooMany):
        services.send_code(phone=people.phone_number(), address=ADDRESS, at=at)
    services.send_code(phone=people.phone_number(), address="192.0.2.2", at=at)


def test_sixty_guesses_an_hour_for_an_address(at: datetime) -> None:
    for _ in range(rules.GUESSES_PER_ADDRESS):
        with pytest.raises(services.CodeExpired):
            enter("000000", at, phone=people.phone_number())
    with pytest.raises(TooMany):
        enter(ask(at), at)


def test_a_closed_account_is_told_so_after_the_phone_is_proved(at: datetime) -> None:
    blocked = people.person(phone=PHONE)
    Person.objects.filter(pk=blocked.pk).update(is_active=False)
    code = ask(at)
    with pytest.raises(services.CodeWrong):
        enter(wrong(code), at)
    with pytest.raises(services.PersonBlocked):
        enter(code, at)


def test_signing_in_is_three_statements_and_a_budget(at: datetime, django_assert_num_queries: object) -> None:
    code = ask(at)
    enter(code, at)
    again = ask(at)
    with django_assert_num_queries(5):  # type: ignore[operator]  # budget, savepoint, guess, person, release
        enter(again, at)


def test_a_superuser_has_a_password_and_nobody_else() -> None:
    root = Person.objects.create_superuser("+358409999999", "a long password")
    assert root.check_password("a long password")
    assert root.is_staff
    assert root.is_superuser
    assert not people.person().has_usable_password()
