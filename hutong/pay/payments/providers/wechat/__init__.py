"""WeChat Pay, API v3: H5 for phones, Native for a code to scan, JSAPI inside WeChat. CNY alone, in fen.

`signing` has the signatures and the cipher, `trust` the keys that WeChat Pay signs with, `transport` the signed
calls, `reports` and `bill` what it says in our words, `notification` what it tells by itself, `client` the
`Provider`. The protocol has no key for a call beside our own reference, and its own number of a payment exists
only once it is paid; so the reference is also the `provider_ref` of a payment.

Verified against the simulator in `tests/fakes/providers/wechat`.
"""
