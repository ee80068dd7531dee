"""Translations without the gettext tools: `python tools/messages.py extract|add|compile|check`.

extract  reads every gettext call in Python and templates into hutong/locale/*/LC_MESSAGES/django.po
add FILE puts the translations of a JSON file ({"English": "中文"}; a text with plural forms has a list) in
compile  makes the .mo files (also done while the package is installed)
check    fails when a text is missing from a catalogue, untranslated, or loses a placeholder
"""

import fcntl
import io
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog, mofile, pofile
from babel.messages.extract import DEFAULT_KEYWORDS, extract

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ("zh_Hans",)
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def catalogue_path(root: Path, locale: str) -> Path:
    """Where the catalogue of `locale` lies."""
    return root / "hutong/locale" / locale / "LC_MESSAGES/django.po"


def _catalogue(locale: str | None) -> Catalog:
    # a fixed date, so that a new text changes no other line
    return Catalog(
        locale=locale,
        project="hutong",
        charset="utf-8",
        header_comment="# Texts of Hutong. Made by tools/messages.py; terms are in docs/glossary.md.",
        creation_date=datetime(2026, 1, 1, tzinfo=UTC),
        revision_date=datetime(2026, 1, 1, tzinfo=UTC),
        fuzzy=False,
    )


def _sources(root: Path) -> Iterator[tuple[str, bytes]]:
    # only extraction needs Django; compiling must work in the bare build environment
    import django
    from django.conf import settings
    from django.utils.translation.template import templatize

    if not settings.configured:
        settings.configure(USE_I18N=False)
        django.setup()
    for path in sorted((root / "hutong").rglob("*")):
        name = path.relative_to(root).as_posix()
        if "/migrations/" in name or "/static/" in name:
            continue
        if path.suffix == ".py":
            yield name, path.read_bytes()
        elif path.suffix in {".html", ".txt", ".js"} and "/templates/" in name:
            calls = templatize(path.read_text(encoding="utf-8"), origin=name)
            # indentation of HTML is none that Python's reader would accept
            yield name, "\n".join(line.lstrip() for line in calls.splitlines()).encode()


def template_catalogue(root: Path) -> Catalog:
    """Every text for people that the sources hold. Places are files without lines, so that diffs stay small."""
    template = _catalogue(None)
    for name, source in _sources(root):
        found = extract("python", io.BytesIO(source), KEYWORDS, ["Translators:"], {})
        for _line, message, comments, context in found:
            ids = message if isinstance(message, tuple) else (message,)
            if all(ids):
                template.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    return template


def _read(path: Path, locale: str) -> Catalog:
    if not path.exists():
        return _catalogue(locale)
    with path.open("rb") as stream:
        return pofile.read_po(stream, locale=locale)


def extract_catalogues(root: Path = ROOT) -> None:
    """Brings the .po files up to date: new texts come in empty, unused ones go."""
    template = template_catalogue(root)
    for locale in LOCALES:
        path = catalogue_path(root, locale)
        catalogue = _read(path, locale)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.header_comment, catalogue.fuzzy = template.header_comment, False
        catalogue.revision_date = template.revision_date
        catalogue.obsolete.clear()
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, catalogue)


def _write(path: Path, catalogue: Catalog) -> None:
    """Writes it beside the old one and then takes its place: a text that cannot be written loses no other."""
    fresh = path.with_suffix(".fresh")
    with fresh.open("wb") as stream:
        pofile.write_po(
            stream, catalogue, width=110, sort_output=True, omit_header=False, include_lineno=False
        )
    fresh.replace(path)


def add(texts: dict[str, str | list[str]], root: Path = ROOT) -> list[str]:
    """Extract, translate these texts into Chinese, write and compile; the texts that the sources do not have.

    Locked, so that two calls at once do not lose each other's texts. A context stands before its text with
    the character U+0004 between, as in compiled catalogues.
    """
    path = catalogue_path(root, LOCALES[0])
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        extract_catalogues(root)
        catalogue = _read(path, LOCALES[0])
        unknown = []
        for text, translation in texts.items():
            context, _, bare = text.rpartition("\x04")
            message = catalogue.get(bare, context or None)
            if message is None:
                unknown.append(text)
            else:
                message.string = tuple(translation) if isinstance(translation, list) else translation
        _write(path, catalogue)
        compile_catalogues(root)
    return unknown


def compile_catalogues(root: Path = ROOT) -> None:
    """Makes each .mo file from its .po file."""
    for locale in LOCALES:
        path = catalogue_path(root, locale)
        if path.exists():
            with path.with_suffix(".mo").open("wb") as stream:
                mofile.write_mo(stream, _read(path, locale))


def _texts(text: object) -> tuple[str, ...]:
    """A text, or the texts of its plural forms."""
    return tuple(str(form) for form in text) if isinstance(text, tuple | list) else (str(text or ""),)


def problems(root: Path = ROOT) -> list[str]:
    """One line for each text that people of some language would not read properly."""
    template = template_catalogue(root)
    found = []
    for locale in LOCALES:
        catalogue = _read(catalogue_path(root, locale), locale)
        for message in template:
            if not message.id:
                continue
            ids = _texts(message.id)
            known = catalogue.get(ids[0], message.context)
            texts = _texts(known.string) if known else ()
            if not texts or not all(texts):
                found.append(f"{locale}: not translated: {ids[0]!r}")
                continue
            wanted = set(PLACEHOLDER.findall(ids[-1]))
            found += [
                f"{locale}: placeholders differ: {ids[0]!r} -> {text!r}"
                for text in texts
                if set(PLACEHOLDER.findall(text)) != wanted
            ]
    return found


def main(command: str, *arguments: str) -> int:
    """Does one command; answers the exit code."""
    if command == "extract":
        extract_catalogues()
    elif command == "add" and len(arguments) == 1:
        unknown = add(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
        print("\n".join(f"no source has: {text!r}" for text in unknown) or "all texts are in")
        return 1 if unknown else 0
    elif command == "compile":
        compile_catalogues()
    elif command == "check":
        lines = problems()
        print("\n".join(lines) or "every text is translated")
        return 1 if lines else 0
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or [""])))
