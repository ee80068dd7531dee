"""Documents of claims: how long they are kept, and that the clock deletes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from hutong.flows import jobs
from hutong.kernel import audit
from hutong.town.merchants import services
from hutong.town.merchants.models import Claim
from hutong.town.merchants.rules import DOCUMENT_KEPT
from hutong.town.merchants.types import ClaimState
from tests.factories import joining, people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.HUTONG_HOME = tmp_path
    return tmp_path


def files(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "private" / "claims").iterdir())


def decided(at: datetime, *, approve: bool = True, name: str = "Kahvila") -> str:
    """A claim with a document that an operator has decided."""
    ref = joining.submit(joining.listing(name=name), people.person(), at=at)
    services.decide_claim(claim_ref=ref, approve=approve, reason="Not yours.", by=people.operator(), at=at)
    return ref


@pytest.mark.parametrize("approve", [True, False])
def test_the_clock_deletes_a_document_ninety_days_after_the_decision(
    home: Path, at: datetime, approve: bool
) -> None:
    ref = decided(at, approve=approve)
    over = at + DOCUMENT_KEPT
    assert timedelta(days=90) == DOCUMENT_KEPT
    jobs.clear_out(at=over - timedelta(minutes=1))
    assert files(home) == [f"{ref}.pdf"]
    assert services.claim_document(ref) is not None
    jobs.clear_out(at=over + timedelta(hours=2))
    assert files(home) == []
    assert services.claim_document(ref) is None
    claim = Claim.objects.get(public_id=ref)
    assert claim.state == (ClaimState.APPROVED if approve else ClaimState.REJECTED).value
    (entry,) = audit.search(action="claim.document_deleted").entries
    assert (entry.subject_ref, entry.actor_ref) == (ref, "platform")


def test_what_is_not_decided_is_kept_however_old(home: Path, at: datetime) -> None:
    ref = joining.submit(joining.listing(), people.person(), at=at)
    assert services.forget_old_documents(at=at + timedelta(days=400)) == 0
    assert files(home) == [f"{ref}.pdf"]


def test_a_run_that_was_cut_off_after_the_file_is_made_good(home: Path, at: datetime) -> None:
    ref = decided(at)
    (home / "private" / "claims" / f"{ref}.pdf").unlink()
    late = at + DOCUMENT_KEPT
    assert services.forget_old_documents(at=late) == 1
    assert services.forget_old_documents(at=late) == 0
    assert Claim.objects.get(public_id=ref).media_type == ""
