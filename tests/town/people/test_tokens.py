"""API tokens: shown once, stored hashed, revocable."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from hutong.town.people import queries, services
from hutong.town.people.models import ApiToken, Person
from hutong.town.people.types import TokenKind
from tests.factories import people

pytestmark = pytest.mark.django_db


def test_a_token_speaks_for_its_person(at: datetime) -> None:
    someone = people.person()
    plain = people.token_of(someone, scopes=["orders:write", "orders:read"], at=at)
    subject = services.open_token(plain=plain, at=at)
    assert subject is not None
    assert (subject.kind, subject.subject_ref, subject.person_id) == (
        TokenKind.PERSON,
        someone.public_id,
        someone.pk,
    )
    assert subject.scopes == {"orders:read", "orders:write"}


def test_the_plain_text_is_not_stored(at: datetime) -> None:
    plain = people.token_of(people.person(), scopes=[], at=at)
    stored = ApiToken.objects.values().get()
    assert plain not in str(stored)
    assert stored["token_hmac"] not in plain


@pytest.mark.parametrize("plain", ["", "per_", "per_" + "a" * 43, "'; --", "x" * 10_000, "\x00"])
def test_what_is_no_token_opens_nothing(plain: str, at: datetime) -> None:
    assert services.open_token(plain=plain, at=at) is None


def test_a_revoked_token_is_dead_at_once(at: datetime) -> None:
    someone = people.person()
    plain = people.token_of(someone, scopes=[], at=at)
    subject = services.open_token(plain=plain, at=at)
    assert subject is not None
    assert services.revoke_token(token_ref=subject.token_ref, by=someone, at=at)
    assert services.open_token(plain=plain, at=at) is None
    assert not services.revoke_token(token_ref=subject.token_ref, by=someone, at=at)


def test_revoking_a_devices_tokens_leaves_the_others(at: datetime) -> None:
    boss = people.person()
    ours = [
        people.token_of(boss, kind=TokenKind.DEVICE, subject_ref="dev_1", scopes=[], at=at) for _ in range(2)
    ]
    other = people.token_of(boss, kind=TokenKind.DEVICE, subject_ref="dev_2", scopes=[], at=at)
    assert services.revoke_tokens_of(subject_ref="dev_1", by=boss, at=at) == 2
    assert [services.open_token(plain=plain, at=at) for plain in ours] == [None, None]
    assert services.open_token(plain=other, at=at) is not None


def test_a_token_ends_at_its_time(at: datetime) -> None:
    someone = people.person()
    _token, plain = services.issue_token(
        kind=TokenKind.PERSON,
        subject_ref=someone.public_id,
        person=someone,
        scopes=[],
        name="phone",
        by=someone,
        at=at,
        expires_at=at + timedelta(days=90),
    )
    assert services.open_token(plain=plain, at=at + timedelta(days=90, seconds=-1)) is not None
    assert services.open_token(plain=plain, at=at + timedelta(days=90)) is None
    assert queries.tokens_of(someone.public_id, at + timedelta(days=90)) == []


def test_a_closed_account_closes_its_tokens(at: datetime) -> None:
    someone = people.person()
    plain = people.token_of(someone, scopes=[], at=at)
    Person.objects.filter(pk=someone.pk).update(is_active=False)
    assert services.open_token(plain=plain, at=at) is None


def test_the_last_use_is_noted_once_a_minute(at: datetime, django_assert_num_queries: object) -> None:
    someone = people.person()
    plain = people.token_of(someone, scopes=[], at=at)
    expected = [(0, 2, 0), (59, 1, 0), (60, 2, 60), (61, 1, 60)]
    for second, statements, noted in expected:
        with django_assert_num_queries(statements):  # type: ignore[operator]
            assert services.open_token(plain=plain, at=at + timedelta(seconds=second))
        assert ApiToken.objects.get().last_used_at == at + timedelta(seconds=noted)


def test_a_list_of_tokens_shows_everything_but_the_text(at: datetime) -> None:
    someone = people.person()
    people.token_of(someone, scopes=["orders:read"], at=at)
    (shown,) = queries.tokens_of(someone.public_id, at)
    assert (shown.name, shown.scopes, shown.created_at) == ("a test", ("orders:read",), at)
    assert queries.tokens_of(people.person().public_id, at) == []


def test_only_a_persons_token_names_a_person(at: datetime) -> None:
    someone = people.person()
    for kind, owner in ((TokenKind.DEVICE, someone), (TokenKind.PERSON, None)):
        with pytest.raises(IntegrityError), transaction.atomic():
            services.issue_token(
                kind=kind, subject_ref="dev_1", person=owner, scopes=[], name="", by=someone, at=at
            )
