"""Takes the words of a guard out of a function for a control; everything else of it stays as the site has it."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any


@contextmanager
def unguarded(function: Callable[..., Any], words: str, instead: str = "") -> Iterator[None]:
    """Everybody who calls the function, under whatever name, gets it with `instead` where `words` stand.

    Fails when the words are not there any more: then the control would take nothing away.
    """
    assert isinstance(function, FunctionType)
    source = textwrap.dedent(inspect.getsource(function))
    assert words in source, f"{words!r} is not in {function.__qualname__}"
    compiled = compile(source.replace(words, instead), str(inspect.getsourcefile(function)), "exec")
    (without,) = (part for part in compiled.co_consts if isinstance(part, CodeType))
    guarded = function.__code__
    function.__code__ = without
    try:
        yield
    finally:
        function.__code__ = guarded
