"""What errors say to people."""

import pytest
from django.utils.translation import override

from hutong.kernel.errors import TooMany


@pytest.mark.parametrize(
    ("left_s", "wait", "chinese"),
    [
        (1, "1 second.", "1 秒"),
        (90, "90 seconds.", "90 秒"),
        (121, "3 minutes.", "3 分钟"),
        (3599, "60 minutes.", "60 分钟"),
    ],
)
def test_a_wait_is_told_as_people_count(left_s: int, wait: str, chinese: str) -> None:
    refused = TooMany(retry_after_s=left_s)
    assert str(refused).endswith(f"Please wait {wait}")
    assert refused.details == {"retry_after_s": left_s}  # programs get the seconds
    with override("zh-hans"):
        assert chinese in str(refused)
