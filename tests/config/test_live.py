"""The live process: a page with a token hears that its topic changed, and nothing else."""

import asyncio
import threading
from queue import Queue

import httpx
import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction

from hutong.kernel import clock, database, live
from tests.fakes.sandbox import wait_until
from tests.fakes.site import Site


def listen(site: Site, token: str, heard: "Queue[str]", until: int) -> None:
    """Put the first `until` event names of a stream into `heard`."""
    with httpx.stream("GET", f"{site.live_url}/{token}", timeout=30, trust_env=False) as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        for line in stream.iter_lines():
            if line.startswith("event: "):
                heard.put(line.removeprefix("event: "))
                until -= 1
                if not until:
                    return


def open_stream(site: Site, topic: str, until: int = 2) -> "tuple[Queue[str], threading.Thread]":
    heard: Queue[str] = Queue()
    token = live.sign_topic(topic, at=clock.now())
    thread = threading.Thread(target=listen, args=(site, token, heard, until))
    thread.start()
    assert heard.get(timeout=20) == "open"
    return heard, thread


def test_page_hears_of_its_topic(site: Site) -> None:
    heard, thread = open_stream(site, "vch_mine")
    live.hint("vch_other")
    live.hint("vch_mine")
    assert heard.get(timeout=10) == "changed"
    thread.join(10)


@pytest.fixture
def listening(site: Site) -> None:
    """The live process hears the database. As it begins to, it tells every open stream, which may have missed something."""
    heard, thread = open_stream(site, "vch_early")

    def told() -> bool:
        live.hint("vch_early")
        return not heard.empty()

    wait_until(told)
    thread.join(10)


@pytest.mark.usefixtures("listening")
def test_hint_is_sent_only_when_the_transaction_commits(site: Site) -> None:
    first, first_thread = open_stream(site, "vch_first")
    second, second_thread = open_stream(site, "vch_second")
    with pytest.raises(LookupError), transaction.atomic():
        live.hint("vch_first")
        raise LookupError
    live.hint("vch_second")
    assert second.get(timeout=10) == "changed"
    assert first.empty()
    live.hint("vch_first")
    assert first.get(timeout=10) == "changed"
    for thread in (first_thread, second_thread):
        thread.join(10)


@pytest.mark.usefixtures("listening")
def test_news_while_a_page_is_under_way_is_told_when_its_stream_opens(site: Site) -> None:
    other, other_thread = open_stream(site, "vch_other")
    live.hint("vch_under_way")
    live.hint("vch_other")  # the database keeps their order: when this one was heard, that one was
    assert other.get(timeout=10) == "changed"
    late, late_thread = open_stream(site, "vch_under_way")
    assert late.get(timeout=10) == "changed"
    for thread in (other_thread, late_thread):
        thread.join(10)


def test_what_was_heard_is_remembered_for_a_while_only() -> None:
    from hutong.config.live import Hub

    async def told(remember_s: float) -> tuple[bool, list[str]]:
        hub = Hub(remember_s)
        hub.heard("vch_first")
        hub.heard("vch_second")
        try:
            return hub.open("vch_first").is_set(), list(hub.lately)
        finally:
            assert hub.listening is not None
            hub.listening.cancel()

    assert asyncio.run(told(60)) == (True, ["vch_first", "vch_second"])
    assert asyncio.run(told(0)) == (False, [])


@pytest.mark.parametrize("token", ["made-up", "", "a" * 3000])
def test_without_a_genuine_token_there_is_no_stream(site: Site, token: str) -> None:
    answer = httpx.get(f"{site.live_url}/{token}", trust_env=False)
    assert answer.status_code in (403, 404)


def test_old_token_is_refused(site: Site) -> None:
    token = live.sign_topic("vch_mine", at=clock.now(), ttl_s=-1)
    assert httpx.get(f"{site.live_url}/{token}", trust_env=False).status_code == 403


def test_only_our_pages_may_listen(site: Site) -> None:
    token = live.sign_topic("vch_mine", at=clock.now())
    with httpx.stream("GET", f"{site.live_url}/{token}", trust_env=False) as stream:
        assert stream.headers["access-control-allow-origin"] == site.url


@pytest.mark.django_db(transaction=True)
def test_it_listens_with_the_options_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands behind DATABASE_URL, such as `sslmode=require`, holds for this connection, too."""
    from hutong.config.live import Hub

    options = {**settings.DATABASES["default"]["OPTIONS"], "application_name": "asked-for-in-the-address"}
    monkeypatch.setitem(settings.DATABASES["default"], "OPTIONS", options)

    async def listening() -> bool:
        hub = Hub()
        hub.open("vch_mine")
        assert hub.listening is not None
        try:
            async with asyncio.timeout(20):
                while not await asyncio.to_thread(named):
                    await asyncio.sleep(0.05)  # between two looks
        finally:
            hub.listening.cancel()
        return True

    def named() -> int:
        with psycopg.connect(database.patient_url(connection.settings_dict)) as looking:
            found = looking.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND query LIKE 'LISTEN %%'",
                ["asked-for-in-the-address"],
            ).fetchone()
        return int(found[0]) if found else 0

    assert asyncio.run(listening())
