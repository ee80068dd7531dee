"""What stands in a table of a PDF can be read to its end, whatever its length and language."""

from __future__ import annotations

from datetime import UTC, datetime

from pypdfium2 import PdfDocument

from hutong.web.shell.pdf import Column, Sheet, render

LONG = "Redeemed · Brunch plate with juice and coffee for two on weekdays · Kahvila Kallio · pyt_01m81qpkwkeeza3wxw3afv8e0w"
CHINESE = "已核销·双人工作日早午餐配果汁与咖啡附赠当季甜点一份" * 4


def pages(rows: list[list[str]]) -> list[str]:
    """The text of each page of a sheet with these rows, without spaces."""
    columns = [Column("When", 2), Column("What", 5), Column("Payment fee", 1.2, number=True)]
    sheet = Sheet(
        title="Statement",
        sender="Hutong",
        facts=[],
        columns=columns,
        rows=rows,
        sums=[("In all", "€1.00")],
        foot="",
        language="en",
        at=datetime(2026, 6, 1, tzinfo=UTC),
    )
    return ["".join(page.get_textpage().get_text_range().split()) for page in PdfDocument(render(sheet))]


def test_long_texts_go_on_in_the_next_line() -> None:
    (page,) = pages([["2026-06-01 12:00", LONG, "0.14"], ["2026-06-01 12:01", CHINESE, "0.15"]])
    for text in (LONG, CHINESE, "Paymentfee"):
        assert "".join(text.split()) in page
    assert "…" not in page


def test_a_row_of_several_lines_stays_on_one_page() -> None:
    found = pages([[f"{number:04d}", LONG, "0.14"] for number in range(60)])
    assert len(found) > 1
    assert sum(page.count("".join(LONG.split())) for page in found) == 60
    assert all("WhenWhatPaymentfee" in page for page in found if LONG[:8] in page)
