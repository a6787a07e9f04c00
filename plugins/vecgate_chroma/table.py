"""Chroma's API: the 35 operations of its OpenAPI file (1.5.9), and the routes the file leaves out."""

from __future__ import annotations

from typing import Final

from vecgate.operations.model import Action, Risk, Scope
from vecgate.operations.shapes import ANY, COUNT, POSITIVE
from vecgate.operations.table import Row, Table
from vecgate_chroma import bodies, effects

_API: Final = "/api/v2"
_TENANT: Final = f"{_API}/tenants/{{tenant}}"
_DATABASE: Final = f"{_TENANT}/databases/{{database}}"
_COLLECTIONS: Final = f"{_DATABASE}/collections"
_BY_NAME: Final = f"{_COLLECTIONS}/{{name}}"
_BY_ID: Final = f"{_COLLECTIONS}/{{collection_id}}"
_PAGE: Final = {"limit": POSITIVE, "offset": COUNT}
_NAMED: Final = ("{tenant}/{database}/{name}",)
_IDENTIFIED: Final = ("{tenant}/{database}/{collection_id}",)
_OUTDATED: Final = "The API of servers before 1.0 is not served."
_DESCRIPTION: Final = "Descriptions and consoles of the database are not served."
_UNRELEASED: Final = "No released server has this operation."

_SERVICE: Final = (
    Row("root_heartbeat", "GET", _API, Action.META, scope=Scope.SERVICE, note="Not in the OpenAPI file."),
    Row("heartbeat", "GET", f"{_API}/heartbeat", Action.META, scope=Scope.SERVICE),
    Row("healthcheck", "GET", f"{_API}/healthcheck", Action.META, scope=Scope.SERVICE),
    Row("version", "GET", f"{_API}/version", Action.META, scope=Scope.SERVICE),
    Row("pre_flight_checks", "GET", f"{_API}/pre-flight-checks", Action.META, scope=Scope.SERVICE),
    Row(
        "get_user_identity",
        "GET",
        f"{_API}/auth/identity",
        Action.META,
        scope=Scope.SERVICE,
        note="Answered by the gateway: the caller's subject and the databases that its grants reach.",
    ),
)

_TENANTS: Final = (
    Row(
        "create_tenant",
        "POST",
        f"{_API}/tenants",
        Action.ADMIN,
        body=bodies.CREATE_TENANT,
        note="The resource is the body's `name`.",
        effect=effects.create_tenant,
    ),
    Row("get_tenant", "GET", _TENANT, Action.META, ("{tenant}",)),
    Row(
        "update_tenant",
        "PATCH",
        _TENANT,
        Action.ADMIN,
        ("{tenant}",),
        body=bodies.UPDATE_TENANT,
        risks=(Risk.ALIAS_CHANGE,),
        note="`resource_name` is another name of the tenant.",
    ),
    Row(
        "list_databases",
        "GET",
        f"{_TENANT}/databases",
        Action.META,
        ("{tenant}/*",),
        Scope.LIST,
        query=_PAGE,
        note="Filtered to what the caller may see, then paged.",
    ),
    Row(
        "create_database",
        "POST",
        f"{_TENANT}/databases",
        Action.ADMIN,
        body=bodies.CREATE_DATABASE,
        note="The resource is the body's `name` in the tenant.",
        effect=effects.create_database,
    ),
    Row(
        "get_database",
        "GET",
        _DATABASE,
        Action.META,
        ("{tenant}/{database}",),
        query={"tenant": ANY},
        note="The asynchronous Python client says the tenant twice; both must be the same.",
        effect=effects.get_database,
    ),
    Row(
        "delete_database",
        "DELETE",
        _DATABASE,
        Action.ADMIN,
        ("{tenant}/{database}", "{tenant}/{database}/*"),
        risks=(Risk.DROP_COLLECTION,),
        note="All its collections go with it.",
    ),
)

_CATALOGUE: Final = (
    Row(
        "list_collections",
        "GET",
        _COLLECTIONS,
        Action.META,
        ("{tenant}/{database}/*",),
        Scope.LIST,
        query=_PAGE,
        payload=("metadata",),
        note=(
            "Filtered to what the caller may see, then paged; settings of embedding functions that tell of the "
            "installation are trimmed where vectors are masked."
        ),
    ),
    Row(
        "count_collections",
        "GET",
        f"{_DATABASE}/collections_count",
        Action.META,
        ("{tenant}/{database}/*",),
        Scope.LIST,
        note="Counts what the caller may see.",
    ),
    Row(
        "create_collection",
        "POST",
        _COLLECTIONS,
        Action.ADMIN,
        body=bodies.CREATE_COLLECTION,
        payload=("metadata",),
        note=(
            "The resource is the body's `name`. With `get_or_create`, a collection that exists is judged as `read` and "
            "fetched by name. Embedding functions that load code are refused."
        ),
        effect=effects.create_collection,
    ),
    Row("get_collection", "GET", _BY_NAME, Action.META, _NAMED, payload=("metadata",)),
    Row(
        "get_collection_by_id",
        "GET",
        f"{_COLLECTIONS}/by-id/{{collection_id}}",
        Action.META,
        _IDENTIFIED,
        payload=("metadata",),
    ),
    Row(
        "update_collection",
        "PUT",
        _BY_ID,
        Action.ADMIN,
        _IDENTIFIED,
        body=bodies.UPDATE_COLLECTION,
        risks=(Risk.SCHEMA_CHANGE,),
        note="With `new_name` the new name is a resource too, and `alias_change` a risk.",
        effect=effects.update_collection,
    ),
    Row("delete_collection", "DELETE", _BY_NAME, Action.ADMIN, _NAMED, risks=(Risk.DROP_COLLECTION,)),
    Row(
        "fork_collection",
        "POST",
        f"{_BY_ID}/fork",
        Action.ADMIN,
        _IDENTIFIED,
        body=bodies.FORK,
        risks=(Risk.DISCLOSURE,),
        copies=True,
        payload=("metadata",),
        note="The new collection is a resource too.",
        effect=effects.fork,
    ),
    Row("fork_count", "GET", f"{_BY_ID}/fork_count", Action.META, _IDENTIFIED),
    Row("indexing_status", "GET", f"{_BY_ID}/indexing_status", Action.META, _IDENTIFIED),
    Row(
        "attach_function",
        "POST",
        f"{_BY_ID}/functions/attach",
        Action.ADMIN,
        _IDENTIFIED,
        body=bodies.ATTACH,
        risks=(Risk.DISCLOSURE,),
        copies=True,
        note="The output collection is a resource too.",
        effect=effects.attach,
    ),
    Row("get_attached_function", "GET", f"{_BY_ID}/functions/{{function}}", Action.META, _IDENTIFIED),
    Row(
        "detach_function",
        "POST",
        f"{_BY_ID}/attached_functions/{{function}}/detach",
        Action.ADMIN,
        _IDENTIFIED,
        body=bodies.DETACH,
        note="With `delete_output` a grant must cover every collection there, and `drop_collection` is a risk.",
        effect=effects.detach,
    ),
)

_RECORDS: Final = (
    Row("collection_add", "POST", f"{_BY_ID}/add", Action.WRITE, _IDENTIFIED, body=bodies.ADD, effect=effects.add),
    Row(
        "collection_upsert",
        "POST",
        f"{_BY_ID}/upsert",
        Action.WRITE,
        _IDENTIFIED,
        body=bodies.ADD,
        note=f"`bulk_update` from {effects.MANY + 1} records.",
        effect=effects.change,
    ),
    Row(
        "collection_update",
        "POST",
        f"{_BY_ID}/update",
        Action.WRITE,
        _IDENTIFIED,
        body=bodies.UPDATE,
        note=f"`bulk_update` from {effects.MANY + 1} records.",
        effect=effects.change,
    ),
    Row(
        "collection_delete",
        "POST",
        f"{_BY_ID}/delete",
        Action.DELETE,
        _IDENTIFIED,
        body=bodies.DELETE,
        fields=("where", "where_document"),
        note=f"`bulk_delete` unless it names at most {effects.FEW} ids.",
        effect=effects.delete,
    ),
    Row(
        "collection_count", "GET", f"{_BY_ID}/count", Action.READ, _IDENTIFIED, query={"read_level": bodies.READ_LEVEL}
    ),
    Row(
        "collection_get",
        "POST",
        f"{_BY_ID}/get",
        Action.READ,
        _IDENTIFIED,
        body=bodies.GET,
        fields=("where", "where_document"),
        vectors=("embeddings",),
        payload=("metadatas", "documents", "uris"),
        note=(
            f"`bulk_export` with a bound above {effects.MANY}, or with none (no ids, no limit) and no filter that asks "
            "for a value."
        ),
        effect=effects.get,
    ),
    Row(
        "collection_query",
        "POST",
        f"{_BY_ID}/query",
        Action.SEARCH,
        _IDENTIFIED,
        query=_PAGE,
        body=bodies.QUERY,
        fields=("where", "where_document"),
        vectors=("embeddings",),
        payload=("metadatas", "documents", "uris"),
        scores=("distances",),
        note=f"`bulk_export` above {effects.MANY} results in all.",
        effect=effects.query,
    ),
    Row(
        "collection_search",
        "POST",
        f"{_BY_ID}/search",
        Action.SEARCH,
        _IDENTIFIED,
        body=bodies.SEARCH,
        fields=("searches[].filter", "searches[].rank", "searches[].group_by"),
        vectors=("embeddings",),
        payload=("metadatas", "documents"),
        scores=("scores",),
        note="Each search is an operation. A rank other than a plain `$knn` is a formula over scores.",
        effect=effects.search,
    ),
)


def _refused(operation: str, method: str, path: str, why: str) -> Row:
    return Row(operation, method, path, Action.ADMIN, refused=why)


_REFUSED: Final = (
    _refused(
        "get_collection_by_crn",
        "GET",
        f"{_API}/collections/{{crn}}",
        "A second name for a collection that the single-node server breaks down on.",
    ),
    _refused("reset", "POST", f"{_API}/reset", "It empties the whole server."),
    _refused("openapi", "GET", "/openapi.json", _DESCRIPTION),
    _refused("docs", "GET", "/docs", _DESCRIPTION),
    _refused("collection_conditional_get", "POST", f"{_BY_ID}/conditional/get", _UNRELEASED),
    _refused("collection_conditional_commit", "POST", f"{_BY_ID}/conditional/commit", _UNRELEASED),
    _refused("attached_function_add_input", "POST", f"{_BY_ID}/attached_functions/{{function}}/add_input", _UNRELEASED),
    _refused("v1", "GET", "/api/v1/{route}", _OUTDATED),
)

TABLE: Final = Table("chroma", "Chroma", (*_SERVICE, *_TENANTS, *_CATALOGUE, *_RECORDS, *_REFUSED))
