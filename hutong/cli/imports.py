"""`hutong import ...`: places from elsewhere become stores."""

from pathlib import Path
from typing import Annotated

import typer

from hutong.cli import setup
from hutong.cli.screen import console, errors_as_sentences, progress_bar
from hutong.kernel.errors import Invalid
from hutong.kernel.geo import Datum

app = typer.Typer(no_args_is_help=True, help="Bring places in from elsewhere.")

# Options that every import of a town has.
Region = Annotated[str, typer.Option(help="Short name of the region in addresses, e.g. helsinki")]
Name = Annotated[str, typer.Option(help="Name people read, in English; the short name in capitals")]
NameZh = Annotated[str, typer.Option(help="Name people read, in Chinese")]
Zone = Annotated[str, typer.Option(help="Time zone, e.g. Europe/Helsinki")]
Currency = Annotated[str, typer.Option(help="ISO 4217 code, e.g. EUR")]


class RegionNew(Invalid):
    """A region that is not there yet needs more than its name."""

    code = "region_new"
    message = "The region “%(region)s” is new: say its --zone and --currency too."


class RegionsFileUnclear(Invalid):
    """One file at a time."""

    code = "regions_file_unclear"
    message = "Say one file: a GeoJSON file, or a table of codes with --adcodes."


def _asked(region: str, name: str, name_zh: str, zone: str, currency: str) -> tuple[dict[str, str], str, str]:
    """Names, zone and currency of the region: what is said, else what is known. Raises `RegionNew`."""
    from hutong.town.regions.queries import region_by_slug  # Models load only once Django is set up.

    known = region_by_slug(region)
    if known is None and not (zone and currency):
        raise RegionNew(region=region)
    names = known.names if known else {"en": region.replace("-", " ").title()}
    said = {language: text for language, text in (("en", name), ("zh-Hans", name_zh)) if text}
    return (
        {**names, **said},
        zone or (known.zone if known else ""),
        currency or (known.currency if known else ""),
    )


@app.command("osm")
def import_osm(
    file: Annotated[Path, typer.Argument(help="An OSM extract: .osm.pbf, .osm.gz or .osm")],
    region: Region,
    name: Name = "",
    name_zh: NameZh = "",
    zone: Zone = "",
    currency: Currency = "",
    accept_losses: Annotated[bool, typer.Option(help="Also when most known listings are not in it")] = False,
) -> None:
    """Places of trade become stores, streets become the basemap. Again: updates, and never doubles.

    A region that is known keeps its name, zone and currency unless said otherwise; a new one needs the last two.
    """
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from hutong.flows.import_osm import import_osm as run  # Models load only once Django is set up.
        from hutong.flows.import_osm.source import format_of
        from hutong.kernel import clock

        format_of(file)  # no such file is said first
        names, zone, currency = _asked(region, name, name_zh, zone, currency)
        with progress_bar() as progress:
            report = run(
                file, region, names=names, zone=zone, currency=currency, at=clock.now(), progress=progress,
                accept_losses=accept_losses,
            )  # fmt: skip
        console.print(report.as_text())


@app.command("csv")
def import_csv(
    file: Annotated[Path, typer.Argument(help="A table: .csv or .csv.gz, in UTF-8, GBK, GB18030 or UTF-16")],
    region: Region,
    name: Name = "",
    name_zh: NameZh = "",
    zone: Zone = "",
    currency: Currency = "",
    source: Annotated[
        str, typer.Option(help="Whose table it is; the file's name without numbers when left out")
    ] = "",
    columns: Annotated[
        str, typer.Option(help="A TOML file that says which column is what, or `opensiterec`")
    ] = "",
    category: Annotated[str, typer.Option(help="Category of places whose own is unknown")] = "",
    datum: Annotated[
        Datum | None,
        typer.Option(help="What the positions refer to; wgs84 when left out", show_default=False),
    ] = None,
    swapped: Annotated[bool, typer.Option("--swapped", help="Longitude and latitude are swapped")] = False,
    encoding: Annotated[str, typer.Option(help="How the file is written; found out when left out")] = "",
    delimiter: Annotated[str, typer.Option(help="What separates columns; found out when left out")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen and change nothing")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write every refused row with its reason here", show_default=False)
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an import that was stopped")] = False,
    close_missing: Annotated[
        bool, typer.Option("--close-missing", help="Close what this source brought and no longer has")
    ] = False,
    accept_losses: Annotated[
        bool, typer.Option("--accept-losses", help="Also when most rows are refused or most listings missing")
    ] = False,
    keep_doubles: Annotated[
        bool, typer.Option("--keep-doubles", help="Also store places that another source has already")
    ] = False,
) -> None:
    """Rows of a table become stores, their brands stand behind them. Again: updates, and never doubles.

    A region that is known stays as it is; a new one needs --zone and --currency. See docs/howto/import-csv.md.
    """
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from hutong.flows.import_csv import Options, Town  # Models load only once Django is set up.
        from hutong.flows.import_csv import import_csv as run
        from hutong.flows.import_csv.source import present
        from hutong.kernel import clock

        present(file)  # no such file is said first
        town = Town(region, *_asked(region, name, name_zh, zone, currency))
        options = Options(
            columns=columns, source=source, encoding=encoding, delimiter=delimiter.replace("\\t", "\t"),
            datum=datum, swapped=swapped, category=category, report=report, dry_run=dry_run, resume=resume,
            close_missing=close_missing, accept_losses=accept_losses, keep_doubles=keep_doubles,
        )  # fmt: skip
        with progress_bar() as progress:
            done = run(file, town, options=options, at=clock.now(), progress=progress)
        console.print(done.as_text(), markup=False, soft_wrap=True)


@app.command("regions")
def import_regions(
    file: Annotated[
        Path | None, typer.Argument(help="A GeoJSON FeatureCollection of regions", show_default=False)
    ] = None,
    adcodes: Annotated[
        Path | None,
        typer.Option(
            help="Instead: China's cities and districts, a table adcode,name,longitude,latitude",
            show_default=False,
        ),
    ] = None,
    datum: Annotated[
        Datum | None,
        typer.Option(
            help="What the positions refer to; wgs84 when left out, gcj02 with --adcodes", show_default=False
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen and change nothing")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write everything refused with its reason here", show_default=False)
    ] = None,
) -> None:
    """A country, its cities, their districts and business circles. Again: updates, and never doubles.

    What cannot be a region is refused with its reason, the rest is stored at once. See docs/howto/import-regions.md.
    """
    with errors_as_sentences():
        if (file is None) == (adcodes is None):
            raise RegionsFileUnclear
        setup.django(wait_for_database=True)
        from hutong.flows import import_regions as flow  # Models load only once Django is set up.
        from hutong.kernel import clock

        with progress_bar() as progress:
            if adcodes is not None:
                done = flow.import_adcodes(
                    adcodes, at=clock.now(), datum=datum or Datum.GCJ02, dry_run=dry_run, progress=progress
                )
            else:
                assert file is not None, "one of the two was given"
                done = flow.import_regions(
                    file, at=clock.now(), datum=datum or Datum.WGS84, dry_run=dry_run, progress=progress
                )
        if report is not None:
            done.write(report)
        console.print(done.as_text(), markup=False, soft_wrap=True)
