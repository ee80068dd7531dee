"""The how-tos of imports do what they say, command by command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hutong.cli.app import app

HOWTOS = Path(__file__).parents[2] / "docs" / "howto"
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "commands"), [("import-csv.md", 5), ("import-regions.md", 4)])
def test_every_command_of_the_howto_says_what_stands_there(
    name: str, commands: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    ran, said = 0, ""
    for kind, file, content in _BLOCK.findall((HOWTOS / name).read_text(encoding="utf-8")):
        if file:
            Path(file).write_text(content, encoding="utf-8")
        elif kind == "sh":
            shown = CliRunner().invoke(app, shlex.split(content.replace("\\\n", " "))[1:])
            assert shown.exit_code == 0, (content, shown.output)
            said = re.sub(r"; \d+\.\d s$", "", shown.output, flags=re.MULTILINE)
            ran += 1
        elif kind == "text":
            lines = said.splitlines()
            assert [line for line in content.splitlines() if line not in lines] == [], said
    assert ran >= commands
    refused = Path("refused.csv").read_text(encoding="utf-8-sig")
    if name == "import-csv.md":
        assert "Nowhere" not in refused  # it was mended on the way
    else:
        assert "crosses itself" in refused
