"""The same request twice: one effect, one answer."""

from datetime import datetime

import pytest

from hutong.kernel.idempotency import KeyMissing, KeyReused, run_once


class Counter:
    """Something with an effect that can be counted."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> tuple[int, dict[str, int]]:
        self.calls += 1
        return 201, {"calls": self.calls}


@pytest.mark.django_db
def test_repeat_gets_the_same_answer(at: datetime) -> None:
    act = Counter()
    answers = [
        run_once(actor="per_a", route="POST /orders", key="k", request={"a": 1}, at=at, act=act)
        for _ in range(2)
    ]
    assert answers == [(201, {"calls": 1})] * 2
    assert act.calls == 1


@pytest.mark.django_db
def test_other_request_under_the_key_is_refused(at: datetime) -> None:
    act = Counter()
    run_once(actor="per_a", route="r", key="k", request={"a": 1}, at=at, act=act)
    with pytest.raises(KeyReused):
        run_once(actor="per_a", route="r", key="k", request={"a": 2}, at=at, act=act)


@pytest.mark.django_db
def test_keys_of_two_actors_do_not_meet(at: datetime) -> None:
    act = Counter()
    for actor in ("per_a", "per_b"):
        run_once(actor=actor, route="r", key="k", request={}, at=at, act=act)
    assert act.calls == 2


@pytest.mark.django_db
def test_refused_request_frees_its_key(at: datetime) -> None:
    def refuse() -> tuple[int, None]:
        raise LookupError

    with pytest.raises(LookupError):
        run_once(actor="per_a", route="r", key="k", request={}, at=at, act=refuse)
    act = Counter()
    assert run_once(actor="per_a", route="r", key="k", request={}, at=at, act=act)[0] == 201


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "k" * 121])
def test_key_is_needed(key: str, at: datetime) -> None:
    with pytest.raises(KeyMissing):
        run_once(actor="per_a", route="r", key=key, request={}, at=at, act=Counter())
