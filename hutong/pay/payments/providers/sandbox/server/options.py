"""What the server is told when it starts."""

import json
import os
from dataclasses import asdict, dataclass

_NAME = "SANDBOX_OPTIONS"


@dataclass(frozen=True, slots=True)
class Options:
    """`backoff_s`: seconds before the second, third, ... try of a webhook; then it is given up."""

    secret: str
    books: str
    webhook_url: str
    public_url: str
    backoff_s: list[float]

    def to_environment(self) -> None:
        """Leave the options for the worker process."""
        os.environ[_NAME] = json.dumps(asdict(self))

    @classmethod
    def from_environment(cls) -> "Options":
        """The options that `to_environment` left."""
        return cls(**json.loads(os.environ[_NAME]))
