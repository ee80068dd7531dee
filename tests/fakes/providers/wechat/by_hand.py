"""A simulator for people: with new keys, and codes that lead to the page to pay on."""

from __future__ import annotations

from tests.fakes.providers.books import Books
from tests.fakes.providers.wechat.keys import Account, Signer, certified, new_key, private_pem, public_pem
from tests.fakes.providers.wechat.simulator import WechatSimulator

_SERIAL, _PUBLIC_KEY_ID = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "PUB_KEY_ID_0119000001092024110100003"


def made_by_hand() -> tuple[WechatSimulator, dict[str, str]]:
    """The simulator, and what a client of it has to know. Without the public key it goes by certificates."""
    merchant, public = new_key(), new_key()
    account = Account("1900000109", "wxd678efh567hg6787", "0" * 32, {_SERIAL: merchant.public_key()})
    signers = [Signer(_PUBLIC_KEY_ID, public), certified(new_key())]
    made = WechatSimulator(books=Books(prefix="42"), account=account, signers=signers, links=True)
    return made, {
        "merchant number": account.mchid,
        "app id": account.appid,
        "serial number of the merchant's certificate": _SERIAL,
        "private key of the merchant": private_pem(merchant),
        "APIv3 key": account.api_v3_key,
        "id of the public key": _PUBLIC_KEY_ID,
        "public key of WeChat Pay": public_pem(public),
    }
