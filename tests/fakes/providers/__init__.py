"""Simulators of payment providers, each with books of its own that judge, and faults on demand.

`books` is what a provider knows, `faults` what goes wrong and when, `server` the HTTP that all share. A folder
beside them speaks one provider's protocol.
"""
