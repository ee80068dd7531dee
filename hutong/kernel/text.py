"""Text as people type it: folding for search, names in several languages, masked phone numbers."""

import unicodedata
from collections.abc import Mapping

# Invisible controls that reorder or hide text; a name has no use for them (Unicode TR 36).
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
_KEPT = {"\u200d", "\ufe0f"}  # joiner and emoji variation, which make one picture of several


def clean(text: str, *, limit: int) -> str:
    """One line without control or bidirectional marks, single spaces, at most `limit` characters."""
    if text.isprintable():  # then there is nothing to take out, which is nearly always so
        return " ".join(text.split())[:limit].rstrip()
    visible = "".join(
        " " if symbol.isspace() else symbol
        for symbol in text
        if symbol.isspace() or symbol in _KEPT or unicodedata.category(symbol) not in _HIDDEN
    )
    return " ".join(visible.split())[:limit].rstrip()


def own_lines(text: str) -> str:
    """The text with lines that end as ours do, and nothing around it.

    Browsers send lines that end otherwise, and a difference would find every one of them changed.
    """
    return "\n".join(text.splitlines()).strip()


def fold(text: str) -> str:
    """Text as search compares it: compatibility forms, no case, no accents; every script stays itself."""
    if text.isascii():
        return " ".join(text.casefold().split())
    # Some signs are letters only once they are decomposed: № is "No".
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(symbol for symbol in decomposed if not unicodedata.combining(symbol))
    return " ".join(unicodedata.normalize("NFC", bare).split())


def pick(names: Mapping[str, str], language: str) -> str:
    """The name for a reader of `language` (`en`, `zh-hans`): that language, then the local name, then any.

    Keys are OSM's language codes (`en`, `zh-Hans`, `zh`, `fi`) and `name` for what stands on the door.
    """
    order = ("zh-Hans", "zh", "name", "en") if language.lower().startswith("zh") else (language, "name", "en")
    for key in order:
        if names.get(key):
            return names[key]
    return next((name for name in names.values() if name), "")


def mask_phone(phone: str) -> str:
    """A phone number as others may see it: `+358 ••• ••• 567`. Three digits at the end are real."""
    digits = phone.removeprefix("+")
    if not phone.startswith("+") or len(digits) < 8:
        return "••• ••• " + digits[-3:] if digits else ""
    import phonenumbers  # The numbering plans are large; only who masks a number pays for them.

    try:
        country = str(phonenumbers.parse(phone).country_code)
    except phonenumbers.NumberParseException:
        country = digits[:2]
    return f"+{country} ••• ••• {digits[-3:]}"


def mask_email(address: str) -> str:
    """An e-mail address as logs may have it: `m•••@example.org`."""
    name, _at, host = address.rpartition("@")
    return f"{name[:1]}•••@{host}" if name else "•••"
