"""Which request is running: an id in log lines, audit entries and on error pages, so that people can quote it."""

import contextvars

_request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")


def request_id() -> str:
    """The id of the running request; "" outside of one."""
    return _request_id.get()


def enter(given: str) -> contextvars.Token[str]:
    """From now on this context works for the request `given`; `leave` takes what is returned."""
    return _request_id.set(given)


def leave(token: contextvars.Token[str]) -> None:
    """The request is over."""
    _request_id.reset(token)
