"""The pages in which the operator says who they are and on what terms: terms, privacy, imprint.

Until the operator has written a page, a default stands there, with the operator's name and address filled in.
What the operator writes is kept version by version, and each version that was ever published can be read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, Invalid
from hutong.kernel.text import own_lines, pick
from hutong.town.contents import queries, services
from hutong.town.contents.types import RevisionView, SubjectKind
from hutong.town.people.models import Person

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "zh-Hans")
MAX_TEXT = 60_000


class SitePage(StrEnum):
    """A page that every site has."""

    TERMS = "terms"
    PRIVACY = "privacy"
    IMPRINT = "imprint"


class PageInvalid(Invalid):
    """A page without words, or with too many."""

    code = "page_invalid"
    message = _("Write the page in at least one language, at most 60,000 characters in each.")


@dataclass(frozen=True, slots=True)
class PageText:
    """A page as a visitor reads it: Markdown in one language. `number` 0 is the default of the house."""

    page: SitePage
    text: str
    number: int
    since: datetime | None


def read(page: SitePage, language: str) -> PageText:
    """The page in a language (`en`, `zh-hans`), or in another where it was written in that one alone."""
    newest = queries.published(_subject(page))
    if newest is None:
        return PageText(page, filled(pick(defaults(page), language)), 0, None)
    return PageText(page, filled(pick(newest.body["texts"], language)), newest.number, newest.decided_at)


def texts(page: SitePage) -> dict[str, str]:
    """What an operator edits: the newest version by language, with its places such as {site_name} unfilled."""
    newest = queries.published(_subject(page))
    return dict(newest.body["texts"]) if newest else defaults(page)


def history(page: SitePage) -> list[RevisionView]:
    """Every version, the newest first."""
    return queries.history(_subject(page))


def write(*, page: SitePage, texts: Mapping[str, str], by: Person, at: datetime) -> RevisionView:
    """Publish a new version of a page. Raises `Forbidden` for who is no operator, `PageInvalid`."""
    if not by.is_operator:
        raise Forbidden
    kept = {language: own_lines(texts.get(language, "")) for language in LANGUAGES}
    if not any(kept.values()) or any(len(text) > MAX_TEXT for text in kept.values()):
        raise PageInvalid
    before = queries.published(_subject(page))
    if before is not None and before.body["texts"] == kept:
        return before
    with transaction.atomic():
        made = services.propose(
            subject_ref=_subject(page),
            kind=SubjectKind.PAGE,
            body={"texts": kept},
            publish=True,
            by=by,
            at=at,
        )
        audit.record(
            action="page.published",
            subject=_subject(page),
            by=by.public_id,
            at=at,
            before=before.body["texts"] if before else {},
            after=kept,
        )
    return made


def defaults(page: SitePage) -> dict[str, str]:
    """The house's own words by language."""
    return {
        language: (FOLDER / f"{page.value}.{language}.md").read_text(encoding="utf-8")
        for language in LANGUAGES
    }


def filled(text: str) -> str:
    """The text as readers get it, its places such as {site_name} filled; what is no place of ours stays."""
    places = {
        "{site_name}": settings.HUTONG_SITE_NAME,
        "{site_url}": settings.HUTONG_SITE_URL,
        "{operator_name}": settings.HUTONG_OPERATOR_NAME or settings.HUTONG_SITE_NAME,
        "{operator_email}": settings.HUTONG_OPERATOR_EMAIL or "—",
    }
    for place, value in places.items():
        text = text.replace(place, value)
    return text


def _subject(page: SitePage) -> str:
    return f"page:{page.value}"
