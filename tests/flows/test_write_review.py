"""From a redeemed voucher to a review on the store's page, and away again when the visit does not stand."""

import io
import json
from datetime import datetime, timedelta

import pytest
from PIL import Image

from hutong.attract.reviews import queries, services
from hutong.attract.reviews.types import Content, Origin, ReviewState
from hutong.flows import check_reviews, export_person, jobs, redeem, refund, write_review
from hutong.town.merchants.types import Role
from hutong.town.notifications.models import Notification
from hutong.town.pictures import queries as pictures
from hutong.town.pictures.services import errors as pictures_errors
from hutong.town.regions import services as regions
from hutong.town.regions.types import Feature
from hutong.visit.vouchers import queries as vouchers
from tests.factories import loop, merchants, people, reviews

pytestmark = pytest.mark.django_db
SEVEN = Content(stars=4, aspects={"taste": 5}, text="Good broth", display_name="Anna B.")


def photo(colour: str = "orange", size: tuple[int, int] = (640, 480)) -> io.BytesIO:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "A phone that tells where it was"
    Image.new("RGB", size, colour).save(file, "JPEG", exif=exif)
    file.seek(0)
    return file


@pytest.fixture
def visited(at: datetime) -> tuple[loop.Scene, str, str]:
    """A scene in which the first of two vouchers was redeemed: scene, order, redemption."""
    scene = loop.scene(at=at)
    first, _second = scene.bought(quantity=2)
    redeemed = scene.scan(first.code)
    return scene, first.order_ref, redeemed.redemption_ref


def wrote(scene: loop.Scene, order_ref: str, at: datetime, *photos: io.BytesIO) -> str:
    return write_review.write(
        order_ref=order_ref,
        store_ref=scene.store.public_id,
        content=SEVEN,
        photos=photos,
        origin=Origin(),
        by=scene.shopper,
        at=at,
    ).review_ref


def test_who_was_served_is_asked_and_writes_with_photos(
    visited: tuple[loop.Scene, str, str], at: datetime
) -> None:
    scene, order_ref, _redemption = visited
    (prompt,) = write_review.prompts(person=scene.shopper, at=at)
    assert (prompt.visit.visit_ref, prompt.review_ref) == (order_ref, "")
    ref = wrote(scene, order_ref, at, photo(), photo("navy"))
    (shown,) = queries.of_store(scene.store.public_id).reviews
    assert (shown.ref, shown.stars, shown.text) == (ref, 4, "Good broth")
    assert len(shown.photos) == 2
    assert write_review.prompts(person=scene.shopper, at=at, order_ref=order_ref)[0].review_ref == ref
    with pytest.raises(services.AlreadyReviewed):
        wrote(scene, order_ref, at)
    jobs.drain()
    told = Notification.objects.filter(kind="review_received").values_list(
        "person__staff_roles__role", flat=True
    )
    assert list(told) == [Role.OWNER.value]
    kept = write_review.edit(
        review_ref=ref,
        content=SEVEN,
        kept_photos=[shown.photos[1].ref],
        photos=[photo("green")],
        origin=Origin(),
        by=scene.shopper,
        at=at,
        expected_version=1,
    )
    assert kept.state is ReviewState.PUBLISHED
    after = [one.ref for one in queries.of_store(scene.store.public_id).reviews[0].photos]
    assert after[0] == shown.photos[1].ref
    assert len(after) == 2
    write_review.withdraw(review_ref=ref, by=scene.shopper, at=at)
    assert pictures.shown(ref) == []
    assert write_review.prompts(person=scene.shopper, at=at) == []
    assert check_reviews.check() == ()


def test_nobody_reviews_what_they_did_not_enjoy(visited: tuple[loop.Scene, str, str], at: datetime) -> None:
    scene, order_ref, redemption = visited
    with pytest.raises(services.NotVisited):
        write_review.visit_of(order_ref=order_ref, store_ref=scene.store.public_id, person=people.person())
    redeem.undo(redemption_ref=redemption, actor=redeem.Actor(scene.store, scene.device), at=at)
    assert write_review.prompts(person=scene.shopper, at=at) == []
    with pytest.raises(services.NotVisited):
        wrote(scene, order_ref, at)


def test_an_undone_visit_hides_its_review_and_a_new_one_brings_it_back(
    visited: tuple[loop.Scene, str, str], at: datetime
) -> None:
    scene, order_ref, redemption = visited
    ref = wrote(scene, order_ref, at)
    jobs.drain()
    redeem.undo(redemption_ref=redemption, actor=redeem.Actor(scene.store, scene.device), at=at)
    jobs.drain()
    assert queries.shown_review(ref) is None
    assert queries.summary(scene.store.public_id).count == 0
    first, _second = vouchers.vouchers_of_order(order_ref, at=at)
    scene.scan(first.code, nonce="again", at=at + timedelta(minutes=1))
    jobs.drain()
    assert queries.shown_review(ref) is not None
    refund.refund(
        order_ref=order_ref,
        unit_refs=[first.uses[0].unit_ref],
        reason="it was cold",
        by=people.operator(),
        as_operator=True,
        at=at + timedelta(hours=1),
    )
    jobs.drain()
    assert queries.shown_review(ref) is None
    assert check_reviews.check() == ()


def test_where_the_operator_looks_first_nobody_reads_before(
    visited: tuple[loop.Scene, str, str], at: datetime
) -> None:
    scene, order_ref, _redemption = visited
    operator = people.operator()
    regions.set_feature(
        region_ref=scene.store.region.public_id,
        feature=Feature.REVIEW_REVIEWS,
        on=True,
        by=operator.public_id,
        at=at,
    )
    ref = wrote(scene, order_ref, at)
    assert queries.shown_review(ref) is None
    write_review.decide(review_ref=ref, approve=False, reason="It names somebody.", by=operator, at=at)
    write_review.decide(review_ref=ref, approve=True, reason="", by=operator, at=at)
    assert queries.shown_review(ref) is not None
    jobs.drain()
    told = set(Notification.objects.filter(person=scene.shopper).values_list("kind", flat=True))
    assert {"review_hidden", "review_published"} <= told


def test_an_owner_who_praises_the_own_shop_waits(at: datetime) -> None:
    scene = loop.scene(at=at)
    scene.shopper = merchants.staff(merchant=scene.merchant, role=Role.CASHIER).person
    (voucher,) = scene.bought()
    scene.scan(voucher.code)
    wrote(scene, voucher.order_ref, at)
    (item,) = queries.queue()
    assert item.score.points == 100
    assert item.score.reasons[0].signal.value == "own_shop"


@pytest.mark.parametrize(
    ("upload", "error"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "DrawingRefused"),
        (b"<html><script>alert(1)</script>", "PictureUnreadable"),
        (b"GIF89a" + b"\x00" * 40, "PictureUnreadable"),
        (b"", "PictureUnreadable"),
        (photo(size=(100, 100)).getvalue(), "PictureTooSmall"),
        (photo().getvalue()[:900], "PictureUnreadable"),
        (b"\xff" * (20 * 1024 * 1024 + 1), "PictureTooHeavy"),
    ],
)
def test_what_is_no_picture_is_refused_and_nothing_is_written(
    visited: tuple[loop.Scene, str, str], at: datetime, upload: bytes, error: str
) -> None:
    scene, order_ref, _redemption = visited
    with pytest.raises(getattr(pictures_errors, error)):
        wrote(scene, order_ref, at, photo(), io.BytesIO(upload))
    assert queries.of_author(scene.shopper).reviews == ()


def test_a_bomb_is_refused_before_it_is_decoded_and_ten_photos_are_too_many(
    visited: tuple[loop.Scene, str, str], at: datetime
) -> None:
    scene, order_ref, _redemption = visited
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 100_000
    bomb.seek(0)
    with pytest.raises(pictures_errors.PictureTooLarge):
        wrote(scene, order_ref, at, bomb)
    with pytest.raises(services.TooManyPhotos):
        wrote(scene, order_ref, at, *(photo() for _ in range(10)))


def test_photos_say_nothing_of_the_phone_they_came_from(
    visited: tuple[loop.Scene, str, str], at: datetime
) -> None:
    from pathlib import Path

    from django.conf import settings

    scene, order_ref, _redemption = visited
    ref = wrote(scene, order_ref, at, photo())
    for variant in pictures.shown(ref)[0].variants:
        for name in (variant.jpeg, variant.webp):
            data = (Path(settings.MEDIA_ROOT) / name).read_bytes()
            assert b"A phone that tells" not in data
            assert not dict(Image.open(io.BytesIO(data)).getexif())


def test_the_file_of_a_person_has_their_reviews_and_erasing_leaves_stars(
    visited: tuple[loop.Scene, str, str], at: datetime
) -> None:
    scene, order_ref, _redemption = visited
    ref = wrote(scene, order_ref, at, photo())
    told = export_person.everything(person=scene.shopper)
    assert [one["text"] for one in told["reviews.Review"]] == ["Good broth"]
    assert json.dumps(told["reviews.ReviewVersion"], default=str).count("Good broth") == 1
    services.forget_person(person=scene.shopper, at=at)
    left = queries.shown_review(ref)
    assert left is not None
    assert (left.name, left.text, left.stars) == ("", "", 4)


def test_the_night_tells_of_stars_that_are_wrong_once(at: datetime, caplog: pytest.LogCaptureFixture) -> None:
    from hutong.kernel.rows import execute

    reviews.review()
    execute("UPDATE reviews_reviewsummary SET count = 2, five = 2, stars_sum = 10")
    assert len(check_reviews.check_nightly(at=at)) == 1
    assert "not the sum of its reviews" in caplog.text
    assert check_reviews.check_nightly(at=at) == ()
