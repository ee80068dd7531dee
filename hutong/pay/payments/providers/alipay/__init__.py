"""Alipay (open.alipay.com, RSA2 keys): a shopper pays on its page, in its phone page, or by a code to scan.

`client` makes the calls over `gateway`, `transfers` those that send money to merchants, `notification` reads what
Alipay tells by itself, `bill` its bill of a day; `certificates`, `signing` and `words` are the protocol's small print.
"""
