"""The API put together: its routers, its refusals, its document."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.operation import Operation

from .answers import say_no_in_one_way
from .doors import SCOPES, BearerToken
from .routes import (
    auth,
    buy,
    devices,
    find,
    groups,
    line,
    merchant,
    operator,
    question,
    reviews,
    till,
    town,
    wallet,
    webhooks,
)
from .schemas.base import Problem

DESCRIPTION = """\
The whole loop for programs: find a deal, order it, pay, redeem it in the store, see who came.

- **Tokens** go into the header `Authorization: Bearer …`. A person's token comes from phone and code, a
  device's from pairing it, a merchant's key from its owner. Each is shown once and can be revoked.
- **Scopes**: every route names the one it needs (`x-scope`).
- **Money** is in minor units (cents, fen, yen) with its currency. **Moments** are in UTC.
- **Refusals** are `application/problem+json`: programs go by `code`, people read `detail`.
- **Idempotency-Key**: a POST that moves money or stock takes one. The same request again gets the same
  answer; another request under the same key is refused.
- **Languages**: `Accept-Language: en` or `zh-Hans`.
"""

REFUSAL = {
    "description": "Refused",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class HutongAPI(NinjaAPI):
    """Django-ninja's API, with a document that also tells scopes and refusals."""

    def operations(self) -> dict[str, Operation]:
        """Every route by its operation id, the name of its function."""
        routes = [
            operation
            for router in self._get_bound_routers()
            for view in router.path_operations.values()
            for operation in view.operations
        ]
        by_id = {self.get_openapi_operation_id(operation): operation for operation in routes}
        assert len(by_id) == len(routes), "two routes share the name of their function"
        return by_id

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The name of the function: stable while files move."""
        return operation.view_func.__name__

    def get_openapi_schema(self, **options: Any) -> Any:
        """The OpenAPI document: what ninja knows, and what holds for all routes alike."""
        document = super().get_openapi_schema(**options)
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        operations = self.operations()
        for methods in document["paths"].values():
            for described in methods.values():
                described["responses"]["default"] = REFUSAL
                described["x-scope"] = scope_of(operations[described["operationId"]])
        return document


def scope_of(operation: Operation) -> str:
    """What the route asks for: a scope, `any token`, or `public`.

    Raises AssertionError for a route that says neither: being public has to be said as well.
    """
    if operation.auth_param is None:
        return "public"
    assert isinstance(operation.auth_param, BearerToken), f"{operation.path} names no scope"
    needed = operation.auth_param.needed
    return needed.value if needed else "any token"


def scopes_table(built: HutongAPI) -> str:
    """docs/reference/api-scopes.md: every scope, who may hold it, and every route with its scope."""
    lines = [
        "# Scopes of the API",
        "",
        "Written by `python tools/reference.py` from the routes; a test compares it.",
        "",
        "| scope | opens | tokens that may hold it |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| `{scope.value}` | {opens} | {', '.join(sorted(kind.value for kind in kinds))} |"
        for scope, (opens, kinds) in SCOPES.items()
    ]
    lines += ["", "| route | scope |", "| --- | --- |"]
    document = built.get_openapi_schema()
    lines += [
        f"| `{method.upper()} {path}` | {described['x-scope']} |"
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]
    return "\n".join(lines) + "\n"


api = HutongAPI(title="Hutong", version="1.0.0", description=DESCRIPTION, urls_namespace="api")
say_no_in_one_way(api)
for prefix, router in (
    ("/auth", auth.router),
    ("", find.router),  # before the town's: /stores/nearby is no store's id
    ("", question.router),
    ("", town.router),
    ("", buy.router),
    ("", groups.router),
    ("", line.router),
    ("", wallet.router),
    ("", reviews.router),
    ("", till.router),
    ("/merchant", merchant.router),
    ("/merchant", devices.router),
    ("/operator", operator.router),
    ("/webhooks", webhooks.router),
):
    api.add_router(prefix, router)
