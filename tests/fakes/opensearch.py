"""A simulator of OpenSearch: an HTTP server on this machine that keeps indexes in memory and answers what we ask.

Written from OpenSearch's documentation and never compared with a running server; see `opensearch_query`. What was
written is found after a refresh. `asked` holds each request and its answer, for the recorded ones.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cmp_to_key
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.opensearch_query import NUMBERS, Json, Reader, Refused, single

USER, PASSWORD = "finder", "s3cret/word"


@dataclass
class Index:
    """Documents with their versions; `gone` are the versions of deleted ones, `seen` what a search finds."""

    name: str
    mapping: Json
    documents: dict[str, tuple[int, Json]] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    seen: dict[str, Json] = field(default_factory=dict)

    def refresh(self) -> None:
        """What was written is found from now on."""
        self.seen = {key: document for key, (_version, document) in self.documents.items()}


@dataclass
class Simulator:
    """A cluster. `fails` is the status that everything is answered with; `sleeps` holds answers back until it is set."""

    indexes: dict[str, Index] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, Any, Any]] = field(default_factory=list)
    fails: int = 0
    waits: threading.Event | None = None
    url: str = ""

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        """Status and JSON of a request."""
        parts = urlsplit(target)
        path, query = parts.path.strip("/").split("/"), parse_qs(parts.query)
        if self.waits:
            self.waits.wait(10)
        if self.fails:
            return self.fails, {
                "error": {"type": "simulated", "reason": "told to fail"},
                "status": self.fails,
            }
        try:
            sent = None if path[-1] == "_bulk" or not body else json.loads(body)
            answered = self._route(method, path, query, sent, body)
        except Refused as error:
            told = {"type": error.kind, "reason": error.reason}
            return error.status, {"error": {"root_cause": [told], **told}, "status": error.status}
        self.asked.append((f"{method} {target}", sent if sent is not None else body.decode(), answered))
        return 200, answered

    def _route(self, method: str, path: list[str], query: Json, sent: Any, body: bytes) -> Any:
        match method, path:
            case "GET", [""]:
                return {"name": "simulator", "version": {"distribution": "opensearch", "number": "3.0.0"}}
            case "GET", ["_cat", "aliases", names] if query == {"format": ["json"]}:
                return [
                    {"alias": alias, "index": self.aliases[alias], "is_write_index": "-"}
                    for alias in names.split(",")
                    if alias in self.aliases
                ]
            case "POST", ["_aliases"]:
                return self._change_aliases(sent)
            case "PUT", [name] if not query:
                return self._make(name, sent)
            case "POST", [name, "_refresh"]:
                self._index(name).refresh()
                return {"_shards": {"total": 1, "successful": 1, "failed": 0}}
            case "POST", [name, "_search"] if not query:
                return search(self._index(name), sent)
            case "POST", [alias, "_bulk"] if query == {"require_alias": ["true"]}:
                return self._bulk(alias, [json.loads(line) for line in body.decode().splitlines()])
        raise Refused("unsupported", f"{method} /{'/'.join(path)} {query}")

    def _index(self, name: str) -> Index:
        found = self.indexes.get(self.aliases.get(name, name))
        if found is None:
            raise Refused("index_not_found_exception", f"no such index [{name}]", 404)
        return found

    def _make(self, name: str, sent: Json) -> Json:
        if name in self.indexes or name in self.aliases:
            raise Refused("resource_already_exists_exception", f"index [{name}] already exists")
        if set(sent) != {"settings", "mappings"} or set(sent["settings"]) != {"index"}:
            raise Refused("parse_exception", "unknown key")
        if sent["mappings"]["dynamic"] != "strict":
            raise Refused("unsupported", "an index that maps what it meets")
        self.indexes[name] = Index(name, sent["mappings"]["properties"])
        return {"acknowledged": True, "shards_acknowledged": True, "index": name}

    def _change_aliases(self, sent: Json) -> Json:
        actions = [next(iter(action.items())) for action in sent["actions"]]
        # Indexes go first, wherever that stands.
        for name, told in sorted(actions, key=lambda one: one[0] != "remove_index"):
            index = self._index(told["index"]).name
            if name == "remove_index":
                del self.indexes[index]
                self.aliases = {alias: to for alias, to in self.aliases.items() if to != index}
            elif name == "remove":
                if self.aliases.get(told["alias"]) != index:
                    raise Refused("aliases_not_found_exception", "no such alias", 404)
                del self.aliases[told["alias"]]
            elif name == "add":
                if self.aliases.get(told["alias"], index) != index:
                    raise Refused("unsupported", "an alias of several indexes")
                self.aliases[told["alias"]] = index
            else:
                raise Refused("parse_exception", f"unknown action {name}")
        return {"acknowledged": True}

    def _bulk(self, alias: str, lines: list[Json]) -> Json:
        items, left = [], iter(lines)
        for line in left:
            ((action, head),) = line.items()
            if set(head) != {"_id", "version", "version_type"} or head["version_type"] != "external_gte":
                raise Refused("unsupported", f"{action} without an external version")
            if action not in ("index", "delete"):
                raise Refused("illegal_argument_exception", f"unknown action {action}")
            document = next(left) if action == "index" else None
            items.append({action: self._write(alias, head, document)})
        return {
            "took": 1,
            "errors": any("error" in one for item in items for one in item.values()),
            "items": items,
        }

    def _write(self, alias: str, head: Json, document: Json | None) -> Json:
        key, version = head["_id"], head["version"]
        if alias not in self.aliases:
            reason = f"no such index [{alias}] and [require_alias] request flag is [true]"
            return _failed(alias, key, 404, "index_not_found_exception", reason)
        index = self._index(alias)
        before = index.documents[key][0] if key in index.documents else index.gone.get(key)
        if before is not None and version < before:
            reason = f"[{key}]: version conflict, current version [{before}] is higher than the one provided [{version}]"
            return _failed(index.name, key, 409, "version_conflict_engine_exception", reason)
        told = {
            "_index": index.name,
            "_id": key,
            "_version": version,
            "_shards": {"total": 1, "successful": 1, "failed": 0},
        }
        if document is None:
            was_there = index.documents.pop(key, None) is not None
            index.gone[key] = version
            return told | {
                "result": "deleted" if was_there else "not_found",
                "status": 200 if was_there else 404,
            }
        if unmapped := set(document) - set(index.mapping):
            return _failed(index.name, key, 400, "strict_dynamic_mapping_exception", f"{sorted(unmapped)}")
        result = "updated" if key in index.documents else "created"
        index.documents[key] = (version, document)
        return told | {"result": result, "status": 200 if result == "updated" else 201}


def _failed(index: str, key: str, status: int, kind: str, reason: str) -> Json:
    return {
        "_index": index,
        "_id": key,
        "status": status,
        "error": {"type": kind, "reason": reason, "index": index},
    }


_SEARCH = {"query", "size", "sort", "search_after", "_source", "track_total_hits", "timeout", "aggs"}


def search(index: Index, body: Json) -> Json:
    """The answer to a search, as it is documented."""
    if more := set(body) - _SEARCH:
        raise Refused("parsing_exception", f"unknown keys {sorted(more)}")
    hits = []
    for key, document in index.seen.items():
        reader = Reader(index.mapping, document)
        by_score = any("_score" in one for one in body.get("sort", []))
        score = reader.score(body["query"], scoring=by_score)
        if score is not None:
            hits.append((key, score if by_score else None, reader))
    answer: Json = {
        "took": 1,
        "timed_out": False,
        "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
    }
    answer["hits"] = {"max_score": None, "hits": _page(index, body, hits)}
    if "aggs" in body:
        readers = [reader for _key, _score, reader in hits]
        answer["aggregations"] = {name: _aggregate(one, readers) for name, one in body["aggs"].items()}
    return answer


def _page(index: Index, body: Json, hits: list[tuple[str, float | None, Reader]]) -> list[Json]:
    if body["size"] > 10_000:
        raise Refused("illegal_argument_exception", "size is more than index.max_result_window")
    orders: list[tuple[str, str]] = [next(iter(one.items())) for one in body.get("sort", [])]

    def compared(one: list[Any], other: list[Any]) -> int:
        for (_name, way), left, right in zip(orders, one, other, strict=True):
            if left != right:
                return (-1 if left < right else 1) * (1 if way == "asc" else -1)
        return 0

    listed: list[tuple[list[Any], str, float | None, Reader]] = [
        ([_sort_value(name, score, reader) for name, _ in orders], key, score, reader)
        for key, score, reader in hits
    ]
    in_order = cmp_to_key(compared)
    listed.sort(key=lambda one: in_order(one[0]))
    if "search_after" in body:
        after = body["search_after"]
        if len(after) != len(orders):
            raise Refused("illegal_argument_exception", "search_after has as many values as sort")
        after = [
            single(value) if name == "_score" else value
            for value, (name, _) in zip(after, orders, strict=True)
        ]
        listed = [one for one in listed if compared(one[0], after) > 0]
    found = []
    for values, key, score, reader in listed[: body["size"]]:
        hit: Json = {"_index": index.name, "_id": key, "_score": score}
        if body.get("_source", True) is not False:
            hit["_source"] = reader.document
        if orders:
            hit["sort"] = values
        if reader.matched:
            hit["matched_queries"] = reader.matched
        found.append(hit)
    return found


def _sort_value(name: str, score: float | None, reader: Reader) -> Any:
    if name == "_score":
        return score
    values = reader.values(name, NUMBERS, columns=True)
    if len(values) != 1:
        raise Refused("unsupported", f"a sort by [{name}], which has {len(values)} values")
    return values[0]


def _aggregate(wanted: Json, readers: list[Reader]) -> Json:
    """The counts of an aggregation, among the readers of documents."""
    below = wanted.get("aggs", {})
    ((name, body),) = [(name, body) for name, body in wanted.items() if name != "aggs"]
    if name == "filter":
        kept = [reader for reader in readers if reader.has(body)]
        return {"doc_count": len(kept), **{key: _aggregate(one, kept) for key, one in below.items()}}
    if below:
        raise Refused("unsupported", f"aggregations below [{name}]")
    if name == "filters":
        buckets = {
            key: {"doc_count": sum(r.has(one) for r in readers)} for key, one in body["filters"].items()
        }
        return {"buckets": buckets}
    if name != "terms" or set(body) - {"field", "size", "include"}:
        raise Refused("parsing_exception", f"unknown aggregation {name} {sorted(body)}")
    counted: dict[Any, int] = {}
    for reader in readers:
        for value in set(reader.values(body["field"], ("keyword", *NUMBERS), columns=True)):
            if value in body.get("include", [value]):
                counted[value] = counted.get(value, 0) + 1
    best = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    kept_values = [{"key": key, "doc_count": n} for key, n in best[: body["size"]]]
    others = sum(n for _key, n in best[body["size"] :])
    return {"doc_count_error_upper_bound": 0, "sum_other_doc_count": others, "buckets": kept_values}


@contextmanager
def running() -> Iterator[Simulator]:
    """A simulator behind an address of this machine, which wants a user and a password."""
    simulator = Simulator()
    wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            status, said = 401, {"error": {"type": "security_exception"}, "status": 401}
            if self.headers.get("authorization") == wanted:
                status, said = simulator.answer(self.command, self.path, body)
            answer = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = _reply  # noqa: N815

        def log_message(self, *_args: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    simulator.url = f"http://{USER}:{PASSWORD.replace('/', '%2F')}@127.0.0.1:{server.server_port}/town"
    try:
        yield simulator
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
