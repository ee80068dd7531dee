"""Text: cleaned, folded, picked by language, masked."""

import pytest

from hutong.kernel.text import clean, fold, mask_phone, pick


def test_hidden_marks_are_taken_out() -> None:
    assert clean("Caf\u202eé\u0000  \n Bar\u200b", limit=20) == "Café Bar"


def test_long_text_is_cut() -> None:
    assert clean("a" * 10_000, limit=200) == "a" * 200


@pytest.mark.parametrize(
    ("text", "folded"), [("ÄITI Café", "aiti cafe"), ("面馆", "面馆"), ("ＡＢＣ", "abc"), ("№ 1", "no 1")]
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_pick_follows_the_reader() -> None:
    names = {"name": "Kiinamuuri", "en": "Great Wall", "zh": "长城"}
    assert pick(names, "zh-hans") == "长城"
    assert pick(names, "en") == "Great Wall"
    assert pick({"fi": "Kauppa"}, "zh-hans") == "Kauppa"
    assert pick({}, "en") == ""


@pytest.mark.parametrize(
    ("phone", "masked"),
    [("+358401234567", "+358 ••• ••• 567"), ("+8613800138000", "+86 ••• ••• 000"), ("", "")],
)
def test_phone_is_masked(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked
