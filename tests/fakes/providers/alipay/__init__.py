"""Alipay as a second party: `simulator` answers its gateway, `paper` writes its bill, `keys` are both sides' own,
`certificates` what they show each other."""

from tests.fakes.providers.alipay.certificates import certificate
from tests.fakes.providers.alipay.keys import Keys, Pair, make_keys
from tests.fakes.providers.alipay.simulator import AlipaySimulator

__all__ = ["AlipaySimulator", "Keys", "Pair", "certificate", "make_keys"]
