"""ChromaDialect: Chroma's REST API, version 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar, Final

from vecgate.errors import Refusal, Unmaskable
from vecgate.identity.principal import Principal
from vecgate.operations import media
from vecgate.operations.dialect import CredentialHeader, Dialect, Lookup, Masked, Reading
from vecgate.operations.document import dump
from vecgate.operations.messages import Answer, Outgoing, Request, Target
from vecgate.operations.table import Call, Row, Table, query_items
from vecgate.policy.decision import Decision
from vecgate.reasons import Reason
from vecgate_chroma import answers, catalogue, effects, errors, filters, identifiers, outgoing
from vecgate_chroma.table import TABLE

_CHANGES_NAMES: Final = frozenset(
    {
        "create_tenant",
        "update_tenant",
        "create_database",
        "delete_database",
        "create_collection",
        "update_collection",
        "delete_collection",
        "fork_collection",
        "attach_function",
        "detach_function",
    }
)
_DEFAULT_TENANT: Final = "default_tenant"
_IDENTITY: Final = Lookup("identity", Outgoing("GET", TABLE["list_databases"].target({"tenant": _DEFAULT_TENANT})))


class ChromaDialect(Dialect):
    name: ClassVar[str] = "chroma"
    credential: ClassVar[CredentialHeader] = CredentialHeader("x-chroma-token")
    client: ClassVar[str] = (
        "import chromadb\n"
        'client = chromadb.HttpClient({host!r}, {port}, {tls}, headers={{"Authorization": f"Bearer {{token()}}"}})'
    )
    public: ClassVar[frozenset[tuple[str, str]]] = frozenset(
        {
            ("GET", "/api/v2"),
            ("GET", "/api/v2/heartbeat"),
            ("GET", "/api/v2/healthcheck"),
            ("GET", "/api/v2/version"),
        }
    )
    table: ClassVar[Table] = TABLE

    def read(self, request: Request) -> Reading:
        row, params, target = _located(request.method, request.target)
        document = None
        if row.body is not None:
            document = media.asked(request)
            row.body.check(document)
        elif request.body:
            raise Refusal(Reason.BAD_BODY, "The operation takes no body.")
        call = Call(row, params, target.query, document)
        sent = Request(request.method, target, request.headers, request.body)
        return Reading(sent, row.operations(call), document, call)

    def lookups(self, reading: Reading) -> Sequence[Lookup]:
        call: Call = reading.detail
        if "collection_id" in call.params:
            return (identifiers.by_id(call),)
        if _may_exist(call):
            return (identifiers.by_name(call),)
        return (_IDENTITY,) if call.row.operation == "get_user_identity" else ()

    def learn(self, lookup: Lookup, answer: Answer) -> Any:
        if lookup.key == _IDENTITY.key:
            return tuple(entry["name"] for entry in map(catalogue.database, _list(answer)))
        return identifiers.learnt(answer)

    def bind(self, reading: Reading, names: Mapping[str, Any]) -> Reading:
        call: Call = reading.detail
        operations = reading.operations
        if "collection_id" in call.params:
            key = identifiers.by_id(call).key
            if key in names:
                written = effects.sibling(call, call.params["collection_id"])
                resource = identifiers.bound(call, names[key])
                operations = tuple(
                    [
                        one.on(tuple([resource if name == written else name for name in one.resources]))
                        for one in operations
                    ]
                )
        elif _may_exist(call) and names.get(identifiers.by_name(call).key) is not None:
            # Judged as a read, so a read is what is sent: nothing can be created by it.
            operations = effects.read_existing(call)
            call = Call(TABLE["get_collection"], {**call.params, "name": call.document["name"]})
        return Reading(reading.request, operations, reading.document, call, names)

    def changes_names(self, reading: Reading) -> bool:
        call: Call = reading.detail
        return call.row.operation in _CHANGES_NAMES

    def local(self, reading: Reading, principal: Principal | None, decision: Decision) -> Answer | None:
        call: Call = reading.detail
        if call.row.operation != "get_user_identity" or principal is None:
            return None
        known = reading.names.get(_IDENTITY.key) or ()
        databases = [name for name in known if decision.visible(f"{_DEFAULT_TENANT}/{name}")]
        # "*" is Chroma's word for more than one: the client then keeps the tenant and database it was given.
        identity = {
            "user_id": principal.subject,
            "tenant": _DEFAULT_TENANT if databases else "*",
            "databases": databases or ["*"],
        }
        return Answer(200, media.JSON, dump(identity))

    def rewrite(self, reading: Reading, decision: Decision) -> Outgoing:
        call: Call = reading.detail
        masks = answers.masks_of(decision, reading.operations[0].resources[0]) if call.row.vectors else None
        return outgoing.built(call, masks)

    def mask(self, reading: Reading, decision: Decision, principal: Principal, answer: Answer) -> Masked:
        call: Call = reading.detail
        if answer.status == 404 and call.row.operation == "get_collection" and reading.request.method == "POST":
            return Masked(errors.RACED)
        if answer.status >= 400:
            return Masked(errors.normalised(answer, _sent(call)))
        if answer.status not in {200, 201}:
            raise Unmaskable("The database answered with an unexpected status.")
        rebuilt = answers.rebuild(answers.Context(call, reading.operations, decision), media.answered(answer))
        return Masked(
            Answer(answer.status, media.JSON, dump(rebuilt.document)),
            rebuilt.points,
            rebuilt.records,
            tuple(sorted(rebuilt.masked)),
        )

    def refuse(self, refusal: Refusal, exchange: str, request: Request | None) -> Answer:
        return errors.refused(refusal, exchange)


@lru_cache(maxsize=1024)
def _located(method: str, target: Target) -> tuple[Row, Mapping[str, str], Target]:
    """The row of a target, its parameters, and the target in its one spelling. Raises Refusal."""
    row, params = TABLE.route(method, target.segments)
    params = identifiers.canonical(params)
    return row, MappingProxyType(params), Target(row.segments(params), query_items(row, target.query))


def _may_exist(call: Call) -> bool:
    return call.row.operation == "create_collection" and bool(call.document.get("get_or_create"))


def _sent(call: Call) -> frozenset[str]:
    document = call.document or {}
    named = (document.get(member) for member in ("name", "new_name", "output_collection"))
    names = {name for name in named if isinstance(name, str)}
    return frozenset({*call.params.values(), *names, *filters.patterns(document.get("where_document"))})


def _list(answer: Answer) -> list[Any]:
    document = media.answered(answer) if answer.status == 200 else None
    if type(document) is not list:
        raise Unmaskable("The database did not list its databases.")
    return document
