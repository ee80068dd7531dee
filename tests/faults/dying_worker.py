"""The worker as it always is, but for one moment at which it dies; see failpoints.py."""

from hutong.cli import setup, worker
from tests.faults.failpoints import arm_from_environment

if __name__ == "__main__":
    setup.django(wait_for_database=True)
    arm_from_environment()
    worker.main()
