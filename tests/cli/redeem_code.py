"""Redeems one voucher by its code, as a program of its own: `python -m tests.cli.redeem_code DEVICE CODE`."""

import sys

if __name__ == "__main__":
    from hutong.cli import setup

    setup.django(wait_for_database=True)
    from hutong.flows import redeem
    from hutong.kernel import clock

    done = redeem.redeem(
        wanted=redeem.Wanted(code=sys.argv[2]),
        actor=redeem.actor_for(device_ref=sys.argv[1]),
        nonce="after-the-restore",
        address="127.0.0.1",
        at=clock.now(),
    )
    print(done.redemption_ref)
