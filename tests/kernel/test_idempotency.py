"""The same request twice: one effect, one answer."""

from datetime import datetime, timedelta

import pytest

from hutong.kernel.idempotency import KeyMissing, KeyReused, StillRunning, run_once
from hutong.kernel.rows import execute


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


@pytest.mark.django_db
def test_key_of_a_killed_request_can_be_taken_over_after_a_minute(at: datetime) -> None:
    act = Counter()
    run_once(actor="per_a", route="r", key="k", request={"a": 1}, at=at, act=act)
    execute("UPDATE kernel_idempotencykey SET status = NULL, body = NULL")  # as a kill leaves it
    with pytest.raises(StillRunning):
        run_once(actor="per_a", route="r", key="k", request={"a": 1}, at=at + timedelta(seconds=59), act=act)
    later = at + timedelta(seconds=60)
    with pytest.raises(KeyReused):
        run_once(actor="per_a", route="r", key="k", request={"a": 2}, at=later, act=act)
    answers = [
        run_once(actor="per_a", route="r", key="k", request={"a": 1}, at=later, act=act) for _ in range(2)
    ]
    assert answers == [(201, {"calls": 2})] * 2
