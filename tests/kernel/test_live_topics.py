"""Topic tokens open one topic, for a while."""

from datetime import datetime

import pytest

from hutong.kernel.errors import Forbidden
from hutong.kernel.live import read_topic, sign_topic


def test_token_opens_its_topic(at: datetime) -> None:
    token = sign_topic("vch_1", at=at, ttl_s=60)
    assert read_topic(token, at=at.timestamp() + 59) == "vch_1"


def test_token_ends(at: datetime) -> None:
    with pytest.raises(Forbidden):
        read_topic(sign_topic("vch_1", at=at, ttl_s=60), at=at.timestamp() + 61)


@pytest.mark.parametrize("token", ["", "x", "a:b", "ä:ö"])
def test_made_up_token_opens_nothing(token: str) -> None:
    with pytest.raises(Forbidden):
        read_topic(token)
