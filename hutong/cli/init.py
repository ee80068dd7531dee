"""`hutong init`: from an extract and a few answers to a site that is ready to start.

Every step finds out whether it was done already, so that a run that was cut off is simply run again.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlparse

import typer
from rich.markup import escape

from hutong.cli import provider_questions, questions, setup
from hutong.cli.questions import Answers, settle
from hutong.cli.screen import console, errors_as_sentences, progress_bar
from hutong.config import environment, settings_file
from hutong.config.providers import names_in
from hutong.kernel.errors import DomainError

Said = str | None


class SettingsFileUnreadable(DomainError):
    """The settings file cannot be read or its values cannot be used."""

    code = "settings_file_unreadable"
    message = "%(said)s. Mend the line, or write the file anew with --force."


def _flag(text: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(help=text, show_default=False)
    return option


def init(
    site_url: Annotated[Said, _flag("Address of the site: https://town.example.org")] = None,
    site_name: Annotated[Said, _flag("Its name")] = None,
    operator_name: Annotated[Said, _flag("Who runs it, for the imprint")] = None,
    operator_email: Annotated[Said, _flag("E-mail address of who runs it")] = None,
    languages: Annotated[Said, _flag("en,zh-hans; the usual one first")] = None,
    region: Annotated[Said, _flag("Short name of the region in addresses, e.g. monaco")] = None,
    name: Annotated[Said, _flag("Name of the region in English")] = None,
    name_zh: Annotated[Said, _flag("Name of the region in Chinese")] = None,
    extract: Annotated[Said, _flag("OpenStreetMap extract: .osm.pbf, .osm.gz or .osm")] = None,
    currency: Annotated[Said, _flag("Currency of the region (ISO 4217)")] = None,
    zone: Annotated[Said, _flag("Time zone, e.g. Europe/Monaco; guessed from this machine")] = None,
    datum: Annotated[Said, _flag("wgs84, gcj02 or bd09")] = None,
    phone: Annotated[Said, _flag("Phone of the first operator, with country code")] = None,
    person: Annotated[Said, _flag("What the first operator is called")] = None,
    phone_country: Annotated[Said, _flag("Country of numbers without a prefix; the operator's")] = None,
    sms: Annotated[Said, _flag("Who sends text messages: tray, console or http")] = None,
    sms_url: Annotated[Said, _flag("Address of the gateway")] = None,
    sms_token: Annotated[
        Said, _flag("Its token; better in HUTONG_SMS_TOKEN, which no process list shows")
    ] = None,
    sms_from: Annotated[Said, _flag("Sender that the gateway shows")] = None,
    email_url: Annotated[
        Said, _flag("Mail server; better in HUTONG_EMAIL_URL when it has a password")
    ] = None,
    providers: Annotated[
        Said,
        _flag("Payment providers: stripe,wechat,alipay,sandbox; their keys from HUTONG_STRIPE_... and so on"),
    ] = None,
    database_url: Annotated[Said, _flag("PostgreSQL, or embedded; better in DATABASE_URL")] = None,
    mode: Annotated[Said, _flag("demo, trial or production; what the answers allow")] = None,
    home: Annotated[Path | None, _flag("Folder of everything the site keeps; HUTONG_HOME, or var")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take flags and defaults.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write the settings file anew; its keys stay.")
    ] = False,
) -> None:
    """Set up a site: settings file, database, the region's shops and map, and its first operator.

    On a terminal it asks for what no flag says. Run again, it goes on where it was cut off.
    """
    given = {key: value for key, value in locals().items() if isinstance(value, str)}
    with errors_as_sentences():
        if home is not None:
            os.environ["HUTONG_HOME"] = str(home.expanduser())
        run(given, ask=not yes and sys.stdin.isatty(), force=force)


def run(given: Mapping[str, str], *, ask: bool, force: bool = False) -> None:
    """Do what is not done yet; raises the errors of `questions`, of the import, and of the database."""
    path = settings_file.path_of(os.environ)
    known = _known_settings(path, force)
    rest: Answers | None = None
    if not known or force:
        # Where nothing is there, everything is asked first, so that the long work needs nobody.
        wanted = questions.SITE if known else (*questions.SITE, *questions.REGION, *questions.OPERATOR)
        answers = settle(wanted, {**_from_environment(known), **given}, ask=ask)
        rest = None if known else answers
        values = _settings(answers, {**given, **(rest or {})}, known)
        _refuse_unsafe(values)
        settings_file.write(path, values, replace=force)
        _done("Settings", f"written to {path}, readable by you alone")
    else:
        _there("Settings", f"{path}; `--force` writes them anew")
        _say_ignored(given, known)
    setup.django(wait_for_database=True)
    _migrate()
    _region(given, rest, ask=ask)
    _operator(given, rest, ask=ask)
    _say_next(path)


def _known_settings(path: Path, force: bool) -> dict[str, str]:
    try:
        return settings_file.read(path)
    except settings_file.SettingsFileBroken as error:
        if force:
            # Written anew it would have another secret key, and codes and tokens are hashed with the old one.
            raise SettingsFileUnreadable(
                f"{error}. Mend that line first: the file holds the site's secret key."
            ) from error
        raise SettingsFileUnreadable(said=error) from error


# What a question of `questions.SITE` decides, by its setting.
_SETTING_OF = {
    "site_url": "HUTONG_SITE_URL",
    "site_name": "HUTONG_SITE_NAME",
    "operator_name": "HUTONG_OPERATOR_NAME",
    "operator_email": "HUTONG_OPERATOR_EMAIL",
    "languages": "HUTONG_LANGUAGES",
    "sms": "HUTONG_SMS",
    "sms_url": "HUTONG_SMS_URL",
    "sms_token": "HUTONG_SMS_TOKEN",
    "sms_from": "HUTONG_SMS_FROM",
    "email_url": "HUTONG_EMAIL_URL",
    **provider_questions.setting_of(),
    "database_url": "DATABASE_URL",
}


def _from_environment(known: Mapping[str, str]) -> Answers:
    """What the environment or the file that is replaced says already."""
    said = {**known, **{name: value for name, value in os.environ.items() if value}}
    return {key: said[name] for key, name in _SETTING_OF.items() if name in said}


def _settings(answers: Answers, given: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """The lines of the settings file. A key that exists stays: codes and tokens are hashed with it."""
    values = {**known, **{name: answers[key] for key, name in _SETTING_OF.items() if key in answers}}
    url = urlparse(answers["site_url"])
    values["HUTONG_MODE"] = given.get("mode") or mode_for(answers)
    values["HUTONG_SECRET_KEY"] = known.get("HUTONG_SECRET_KEY") or _kept_key() or secrets.token_urlsafe(48)
    if given.get("region"):
        values["HUTONG_DEFAULT_REGION"] = given["region"]
    country = given.get("phone_country") or (
        questions.country_of(given["phone"]) if given.get("phone") else ""
    )
    if country:
        values["HUTONG_PHONE_COUNTRY"] = questions.COUNTRY.check(country)
    if questions.is_local(answers):
        port = url.port or 80
        values["HUTONG_LIVE_URL"] = f"http://{url.hostname}:{port + 1}/live"
        values["HUTONG_SANDBOX_URL"] = f"http://{url.hostname}:{port + 2}"
    else:
        values["HUTONG_LIVE_URL"] = "/live"
        values["HUTONG_TRUSTED_PROXIES"] = known.get("HUTONG_TRUSTED_PROXIES", "1")
        if "sandbox" in names_in(answers["providers"]):
            values["HUTONG_SANDBOX_PAGES_URL"] = f"{answers['site_url']}/sandbox"
    return values


def mode_for(answers: Mapping[str, str]) -> str:
    """The strictest mode that the answers allow."""
    if questions.is_local(answers):
        return "demo"
    trays = answers["sms"] == "tray" or answers["email_url"] == "tray:"
    return "trial" if trays or "sandbox" in names_in(answers["providers"]) else "production"


def _kept_key() -> str:
    """The key this folder made for itself before it had a settings file."""
    path = settings_file.path_of(os.environ).with_name("secret-key")
    return path.read_text().strip() if path.exists() else ""


def _refuse_unsafe(values: Mapping[str, str]) -> None:
    """Raise `SettingsUnsafe` now rather than at the first start, when the file would have to be mended."""
    environment.read({**os.environ, **values})


def _say_ignored(given: Mapping[str, str], known: Mapping[str, str]) -> None:
    for key, name in _SETTING_OF.items():
        if key in given and given[key].rstrip("/") != known.get(name, ""):
            console.print(
                f"[yellow]![/] --{key.replace('_', '-')} is not what the settings file says; it stays"
            )


def _migrate() -> None:
    from hutong.cli import upgrade

    with progress_bar(transient=True) as progress:
        applied = upgrade.run(progress=progress)
    if applied:
        _done("Database", f"{applied} migrations applied")
    else:
        _there("Database", "its tables are up to date")


def _region(given: Mapping[str, str], rest: Answers | None, *, ask: bool) -> None:
    from django.conf import settings

    from hutong.flows.import_osm import import_osm
    from hutong.kernel import clock
    from hutong.kernel.geo import Datum
    from hutong.town.regions.queries import region_by_slug

    known = region_by_slug(settings.HUTONG_DEFAULT_REGION)
    if known and known.basemap:
        _there("Region", f"{known.slug}; `hutong import osm` brings it up to date")
        return
    chosen = os.environ.get(
        "HUTONG_DEFAULT_REGION"
    )  # from the settings file, unless somebody wrote it by hand
    answers = rest or settle(questions.REGION, {**given, **({"region": chosen} if chosen else {})}, ask=ask)
    names = {"en": answers["name"], "zh-Hans": answers["name_zh"]}
    with progress_bar() as progress:
        report = import_osm(
            Path(answers["extract"]),
            answers["region"],
            names={language: text for language, text in names.items() if text},
            zone=answers["zone"],
            currency=answers["currency"],
            datum=Datum(answers["datum"]),
            at=clock.now(),
            progress=progress,
        )
    _done("Region", report.as_text())


def _operator(given: Mapping[str, str], rest: Answers | None, *, ask: bool) -> None:
    from hutong.kernel import clock
    from hutong.town.people.queries.operators import operators
    from hutong.town.people.services.operators import grant_operator

    known = operators()
    if known:
        _there("Operator", f"{known[0].phone}; `hutong people grant-operator` makes another")
        return
    answers = rest or settle(questions.OPERATOR, given, ask=ask)
    person, _changed = grant_operator(
        phone=answers["phone"], name=answers["person"], by="platform", at=clock.now()
    )
    _done("Operator", f"{person.phone}, who signs in with a code")


def _say_next(path: Path) -> None:
    from django.conf import settings

    url = settings.HUTONG_SITE_URL
    lines = [f"\n[bold]{escape(settings.HUTONG_SITE_NAME)} is set up[/] (mode {settings.HUTONG_MODE}). Next:"]
    if path.parent != Path("var"):
        lines += [f"  export HUTONG_HOME={escape(str(path.parent.resolve()))}"]
    if url.startswith("https"):
        lines += ["  hutong up                     # behind a proxy: docs/howto/production.md"]
        lines += ["  hutong doctor --production    # says what is still missing"]
    else:
        lines += ["  hutong up"]
    lines += [f"  {url}/operator/    # sign in with the operator's phone"]
    if settings.HUTONG_SMS == "tray":
        lines += ["  hutong tray                   # where the codes of the tray can be read"]
    console.print("\n".join(lines), soft_wrap=True)


def _done(what: str, said: str) -> None:
    console.print(f"[green]✓[/] {what}: {escape(said)}", soft_wrap=True)


def _there(what: str, said: str) -> None:
    console.print(f"[green]•[/] {what}: already there ({escape(said)})", soft_wrap=True)
