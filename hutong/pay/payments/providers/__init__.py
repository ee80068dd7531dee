"""The providers: one folder for each (client, webhook parser), all behind `protocol.Provider`.

`registry.provider(name)` gives the one a payment was made with.
"""
