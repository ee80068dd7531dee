"""The settings file `HUTONG_HOME/hutong.env`: one place that every command and process of a site reads.

Lines are `NAME=value`, as systemd's `EnvironmentFile` and compose's `env_file` read them too: plain, in single
quotes (as it stands), or in double quotes (a backslash before `"`, `\\`, `$` and a backtick). `#` begins a comment line.
"""

import os
import re
import tempfile
from collections.abc import Mapping, MutableMapping
from pathlib import Path

NAME = "hutong.env"
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=~?&-]*")
_LINE = re.compile(r"(?:export\s+)?([A-Z][A-Z0-9_]*)=(.*)")
_ESCAPED = re.compile(r'\\(["\\$`])')
_HEAD = """\
# The settings of this site. Made by `hutong init`; every `hutong` command and process reads it, and what stands
# in the environment goes before it. It holds secrets: keep it readable by its owner alone, and in your backups.
# What each line means: docs/reference/settings.md
"""


class SettingsFileBroken(RuntimeError):
    """The settings file has a line that cannot be understood; the message names the file and the line."""


def path_of(environ: Mapping[str, str]) -> Path:
    """Where the settings file of this environment's HUTONG_HOME lies, whether or not it exists."""
    return Path(environ.get("HUTONG_HOME") or "var") / NAME


def read(path: Path) -> dict[str, str]:
    """The settings in the file by name; none where there is no file. Raises `SettingsFileBroken`."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsFileBroken(f"{path} cannot be read: {error}") from error
    values = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        value = _unquoted(match[2].strip()) if match else None
        if match is None or value is None:
            raise SettingsFileBroken(f"{path}, line {number}: write NAME=value, or NAME='value with spaces'")
        values[match[1]] = value
    return values


def adopt(environ: MutableMapping[str, str]) -> None:
    """Put the file's settings into the environment where it is silent, so that child processes have them too.

    The file cannot move its own folder, and tests read no file: they must not meet the site beside them.
    """
    if environ.get("HUTONG_MODE") == "test":
        return
    for name, value in read(path_of(environ)).items():
        if name != "HUTONG_HOME":
            environ.setdefault(name, value)


def write(path: Path, values: Mapping[str, str], *, replace: bool) -> bool:
    """Write the file whole or not at all, readable by its owner alone; False where it exists and may stay.

    Raises `ValueError` for a value of several lines, which no reader of such files understands.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _HEAD + "".join(f"{name}={_quoted(name, value)}\n" for name, value in values.items())
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as draft:
        # made with mode 0600
        kept = Path(draft.name)
        try:
            draft.write(text)
            draft.flush()
            os.fsync(draft.fileno())
            if replace:
                kept.replace(path)
                return True
            os.link(kept, path)
        except FileExistsError:
            return False
        finally:
            kept.unlink(missing_ok=True)
    return True


def _unquoted(text: str) -> str | None:
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1] if "'" not in text[1:-1] else None
    if len(text) >= 2 and text[0] == text[-1] == '"':
        inner = text[1:-1]
        return _ESCAPED.sub(r"\1", inner) if '"' not in _ESCAPED.sub("", inner) else None
    return text if not text.startswith(("'", '"')) else None


def _quoted(name: str, value: str) -> str:
    if "\n" in value or "\r" in value or "\0" in value:
        raise ValueError(f"{name} has more than one line")
    if _PLAIN.fullmatch(value):
        return value
    if "'" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'(["\\$`])', r"\\\1", value) + '"'
