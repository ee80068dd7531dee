"""Ready reasons: those of the code, changed and retired, and the operators' own; decisions taken back."""

from datetime import datetime, timedelta

import pytest

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, NotFound
from hutong.town.contents import queries, services
from hutong.town.contents.rules import PLACEHOLDERS, REASONS, fill, unknown_places
from hutong.town.contents.types import ReasonKind, RevisionState, SubjectKind
from tests.factories import people

pytestmark = pytest.mark.django_db
BOTH = {"en": "Too loud for {name}.", "zh-Hans": "{name}太吵。"}


def keys(kind: ReasonKind = ReasonKind.DEAL) -> list[str]:
    return [reason.key for reason in queries.reasons(kind)]


def test_the_reasons_of_the_code_are_whole() -> None:
    for kind in ReasonKind:
        assert 1 <= len(REASONS[kind]) <= 9
        for key, texts in REASONS[kind].items():
            assert key.startswith(f"{kind.value}.")
            assert set(texts) == {"en", "zh-Hans"}
            assert [unknown_places(text) for text in texts.values()] == [[], []]


def test_an_own_reason_comes_last_and_can_be_retired(at: datetime) -> None:
    operator = people.operator()
    key = services.save_reason(key=None, kind=ReasonKind.DEAL, texts=BOTH, by=operator, at=at)
    assert keys() == [*REASONS[ReasonKind.DEAL], key]
    services.retire_reason(key=key, kind=ReasonKind.DEAL, by=operator, at=at)
    assert keys() == list(REASONS[ReasonKind.DEAL])
    assert [entry.action for entry in audit.search(subject=key).entries] == ["reason.retired", "reason.added"]


def test_a_reason_of_the_code_gets_other_words_is_retired_and_comes_back(at: datetime) -> None:
    operator = people.operator()
    services.save_reason(key="deal.vague", kind=ReasonKind.DEAL, texts=BOTH, by=operator, at=at)
    (changed,) = [each for each in queries.reasons(ReasonKind.DEAL) if each.key == "deal.vague"]
    assert (changed.texts, changed.changed) == (BOTH, True)
    services.retire_reason(key="deal.title", kind=ReasonKind.DEAL, by=operator, at=at)
    assert "deal.title" not in keys()
    words = REASONS[ReasonKind.DEAL]["deal.title"]
    services.save_reason(key="deal.title", kind=ReasonKind.DEAL, texts=words, by=operator, at=at)
    assert keys() == list(REASONS[ReasonKind.DEAL])


@pytest.mark.parametrize(
    "texts",
    [
        {"en": "Only one"},
        {"en": " ", "zh-Hans": "字"},
        {"en": "x" * 401, "zh-Hans": "字"},
        BOTH | {"en": "{phone}"},
    ],
)
def test_a_reason_that_cannot_be_kept(at: datetime, texts: dict[str, str]) -> None:
    with pytest.raises(services.ReasonInvalid):
        services.save_reason(key=None, kind=ReasonKind.DEAL, texts=texts, by=people.operator(), at=at)


def test_only_operators_and_only_reasons_there_are(at: datetime) -> None:
    with pytest.raises(Forbidden):
        services.save_reason(key=None, kind=ReasonKind.DEAL, texts=BOTH, by=people.person(), at=at)
    with pytest.raises(NotFound):
        services.save_reason(key="deal.none", kind=ReasonKind.DEAL, texts=BOTH, by=people.operator(), at=at)
    with pytest.raises(NotFound):
        services.retire_reason(key="deal.vague", kind=ReasonKind.CLAIM, by=people.operator(), at=at)


def test_places_are_filled_in_the_readers_language() -> None:
    assert fill(BOTH, "zh-hans", {"name": "面馆"}) == "面馆太吵。"
    assert fill(BOTH, "en", {"name": "Noodles"}) == "Too loud for Noodles."
    assert fill({"en": "{name} {else}"}, "en", {"name": "A"}) == "A {else}"
    assert PLACEHOLDERS == ("name", "merchant")


def test_a_word_on_a_version_is_taken_back_within_five_minutes(at: datetime) -> None:
    operator = people.operator()

    def propose(text: str) -> str:
        body = {"descriptions": {"en": text}}
        made = services.propose(
            subject_ref="sto_a", kind=SubjectKind.STORE, body=body, publish=False, by=None, at=at
        )
        return made.ref

    first = propose("one")
    services.decide(revision_ref=first, approve=False, reason="No", by=operator, at=at)
    with pytest.raises(services.TooLateToTakeBack):
        services.take_back(revision_ref=first, by=operator, at=at + timedelta(minutes=6))
    services.take_back(revision_ref=first, by=operator, at=at + timedelta(minutes=5))
    waits = queries.revision(first)
    assert waits is not None
    assert (waits.state, waits.decided_at, waits.reason) == (RevisionState.WAITING, None, "")
    services.decide(revision_ref=first, approve=True, by=operator, at=at)
    propose("two")
    with pytest.raises(services.TooLateToTakeBack):
        services.take_back(revision_ref=first, by=operator, at=at)
