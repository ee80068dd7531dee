"""By which words a region is found, and the short names that stand in addresses."""

import pytest

from hutong.town.regions.rules.naming import bare, slug_of, sought, sound, words


@pytest.mark.parametrize(
    ("name", "said"),
    [("朝阳区", "Chaoyang"), ("重庆市", "Chongqing"), ("忠县", "Zhongxian"), ("长治市", "Changzhi"),
     ("香港特别行政区", "Xianggang"), ("洪洞县", "Hongtong"), ("六安市", "Luan")],
)  # fmt: skip
def test_how_a_chinese_name_sounds(name: str, said: str) -> None:
    assert sound(name) == said


def test_a_name_keeps_two_characters() -> None:
    assert (bare("忠县"), bare("朝阳区"), bare("阿勒泰地区")) == ("忠县", "朝阳", "阿勒泰")


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Åland Islands", "aland-islands"), ("北京市", "beijing"), ("!!!", ""), ("x" * 90, "x" * 60)],
)
def test_short_names(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_found_by_every_name_its_sound_and_its_codes() -> None:
    found = sought({"zh-Hans": "朝阳区", "en": "Chaoyang", "ug": "چاۋياڭ"}, "beijing-chaoyang", "110105")
    for word in ("朝阳区", "chaoyangqu", "cyq", "chaoyang", "cy", "110105", "beijing-chaoyang", "چاۋياڭ"):
        assert f" {word} " in found


def test_what_is_typed_is_folded_and_bounded() -> None:
    assert words("  Běijīng  CHINA china ") == ["beijing", "china"]
    assert len(words("a b c d e f g h")) == 6
    assert len("".join(words("x" * 10_000))) <= 200
