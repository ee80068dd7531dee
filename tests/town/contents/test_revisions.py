"""Versions of contents: numbered, one waits, decided once; what differs is told word by word."""

from datetime import datetime

import pytest

from hutong.kernel.errors import Forbidden
from hutong.town.contents import queries, services
from hutong.town.contents.rules import difference
from hutong.town.contents.types import PieceKind, RevisionState, RevisionView, SubjectKind
from tests.factories import people

pytestmark = pytest.mark.django_db


def propose(at: datetime, text: str = "Tea and noodles", *, publish: bool = False) -> RevisionView:
    return services.propose(
        subject_ref="sto_a",
        kind=SubjectKind.STORE,
        body={"descriptions": {"en": text}},
        publish=publish,
        merchant_ref="mer_a",
        by=people.person(),
        at=at,
    )


def test_a_newer_version_replaces_the_one_that_waits(at: datetime) -> None:
    first, second = propose(at), propose(at, "Tea only")
    assert [(each.number, each.state) for each in queries.history("sto_a")] == [
        (2, RevisionState.WAITING),
        (1, RevisionState.REPLACED),
    ]
    assert [each.ref for each in queries.waiting()] == [second.ref]
    with pytest.raises(services.RevisionDecided):
        services.decide(revision_ref=first.ref, approve=True, by=people.operator(), at=at)


def test_published_is_the_newest_that_was_approved(at: datetime) -> None:
    published = propose(at, publish=True)
    waits = propose(at, "Better")
    assert queries.published("sto_a") == published
    decided = services.decide(revision_ref=waits.ref, approve=True, by=people.operator(), at=at)
    assert queries.published("sto_a") == decided
    assert queries.waiting() == []


def test_a_refusal_needs_its_reason_and_an_operator(at: datetime) -> None:
    waits = propose(at)
    with pytest.raises(services.ReasonMissing):
        services.decide(revision_ref=waits.ref, approve=False, reason=" ", by=people.operator(), at=at)
    with pytest.raises(Forbidden):
        services.decide(revision_ref=waits.ref, approve=True, by=people.person(), at=at)
    services.decide(revision_ref=waits.ref, approve=False, reason="No phones", by=people.operator(), at=at)
    with pytest.raises(services.RevisionDecided):
        services.decide(revision_ref=waits.ref, approve=True, by=people.operator(), at=at)


def test_the_difference_is_by_field_and_word() -> None:
    before = {"descriptions": {"en": "Tea and noodles", "zh-Hans": "茶和面"}, "price": 10}
    after = {"descriptions": {"en": "Tea and rice", "zh-Hans": "茶和饭"}, "price": 12}
    english, chinese, price = difference(before, after)
    assert english.field == "descriptions.en"
    assert [(piece.kind, piece.text) for piece in english.pieces] == [
        (PieceKind.SAME, "Tea and "),
        (PieceKind.REMOVED, "noodles"),
        (PieceKind.ADDED, "rice"),
    ]
    assert [piece.text for piece in chinese.pieces] == ["茶和", "面", "饭"]
    assert (price.before, price.after, price.pieces) == (10, 12, ())
    assert difference(before, before) == []
