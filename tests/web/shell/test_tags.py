"""Amounts, distances, times and names as people of each language read them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import translation

from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.web.shell.templatetags import hutong as tags


@pytest.mark.parametrize(
    ("metres", "english", "chinese"),
    [
        (4.0, "10 m", "10米"),
        (347.0, "350 m", "350米"),
        (994.9, "990 m", "990米"),
        (996.0, "1 km", "1公里"),
        (1249.0, "1.2 km", "1.2公里"),
        (23_600.0, "24 km", "24公里"),
    ],
)
def test_distance(metres: float, english: str, chinese: str) -> None:
    with translation.override("en"):
        assert tags.distance(metres) == english
    with translation.override("zh-hans"):
        assert tags.distance(metres) == chinese


def test_money_of_minor_units_and_of_money() -> None:
    with translation.override("en"):
        assert tags.money(Money(1990, "EUR")) == "€19.90"
        assert tags.money(1990, "EUR") == "€19.90"
        assert tags.money(1990, "JPY") == "¥1,990"
        assert tags.money(None) == ""


def test_percent_off_never_promises_too_much() -> None:
    assert tags.percent_off(Money(6667, "EUR"), Money(10000, "EUR")) == 33


def test_hues_are_classes_of_the_style_sheet() -> None:
    assert {tags.hue_class(hue) for hue in range(-720, 720)} == {f"hue-{step * 15}" for step in range(24)}
    assert tags.hue_of("cafe") == tags.hue_of("cafe")


def test_names_in_the_readers_language() -> None:
    names = {"name": "Kahvila", "en": "Coffee house", "zh-Hans": "咖啡馆"}
    with translation.override("en"):
        assert tags.named(names) == "Coffee house"
    with translation.override("zh-hans"):
        assert tags.named(names) == "咖啡馆"
    assert tags.named(None) == ""


def shown(at: datetime, style: str, zone: str = "Europe/Helsinki") -> str:
    """What the tag writes."""
    template = Template("{% load hutong %}{% local_time at style zone %}")
    return template.render(Context({"at": at, "style": style, "zone": zone}))


def test_time_is_wall_time_of_the_zone() -> None:
    at = datetime(2026, 6, 1, 21, 30, tzinfo=UTC)
    with translation.override("en"):
        assert "2 Jun, 00:30" in shown(at, "short")
        assert 'datetime="2026-06-02T00:30:00+03:00"' in shown(at, "short")
    with translation.override("zh-hans"):
        assert "6月2日 00:30" in shown(at, "short")


def test_through_is_the_last_day_of_a_half_open_span() -> None:
    midnight = datetime(2026, 8, 30, 21, 0, tzinfo=UTC)  # 31 August 00:00 in Helsinki
    with translation.override("en"):
        assert "30 Aug 2026" in shown(midnight, "through")


def test_soon_names_the_day_only_when_it_is_another() -> None:
    with translation.override("en"):
        assert len(shown(clock.now() + timedelta(hours=2), "soon").split(">")[1]) == len("12:00</time")
        assert len(shown(clock.now() + timedelta(days=3), "soon").split(">")[1]) == len("Mon 12:00</time")


def test_own_phone_is_grouped_and_others_are_masked() -> None:
    assert tags.phone_spaced("+358401234567") == "+358 40 1234567"
    assert tags.masked_phone("+358401234567") == "+358 ••• ••• 567"
    assert tags.phone_spaced("nonsense") == "nonsense"


def test_the_code_of_a_message_is_marked_and_the_rest_escaped() -> None:
    assert ">373030</b> is <i>".replace("<i>", "&lt;i&gt;") in tags.code_marked("373030 is <i>")
    assert tags.code_marked("no code & no mark") == "no code &amp; no mark"


def test_qr_is_drawn_without_style_attributes() -> None:
    svg = tags.qr("HUTONG:8F3K22QX7MABTT4W")
    assert svg.startswith("<svg")
    assert "style=" not in svg
    assert "HUTONG" not in svg
