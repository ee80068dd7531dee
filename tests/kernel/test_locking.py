"""A lock over calls outside: whoever comes second does not have it, and nobody waits."""

from __future__ import annotations

import pytest

from hutong.kernel.locking import having
from tests.concurrency.race import race

pytestmark = pytest.mark.django_db(transaction=True)


def somebody_else_gets(key: str) -> bool:
    def take() -> bool:
        with having("a test", key) as mine:
            return mine

    (found,) = race([take])
    return found


def test_one_has_it_until_its_block_ends_however_it_ends() -> None:
    with pytest.raises(ZeroDivisionError), having("a test", "a") as mine:
        assert mine
        assert not somebody_else_gets("a")
        assert somebody_else_gets("b")
        raise ZeroDivisionError
    assert somebody_else_gets("a")
    assert somebody_else_gets("a")
