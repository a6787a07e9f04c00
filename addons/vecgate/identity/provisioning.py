"""Provisioning: what an identity provider tells by SCIM 2.0 (RFC 7643), and what follows: who left is refused.

The rule: an account that the directory has named, and that none of its active users holds any more, is revoked. So a
deactivation, a deletion and a change of name end the old account's access, and a user who comes back gets it again.
Revocations that an administrator placed are none of a directory's business.

Users are kept with the few attributes below and no others: no password, and nothing whose form could keep a
deactivation from being understood. Groups are kept and decide nothing: a principal's are those of its token.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final, Literal

import msgspec
from scim2_models import (
    CaseExact,
    Group,
    InvalidValueException,
    Required,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
    Uniqueness,
    UniquenessException,
)
from scim2_models.urn import URN
from scim2_server.memory import InMemoryStorage
from scim2_server.storage import AsyncScimStorage, SearchPage

from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.identity.revocation import Revocation, Source, What, account_key
from vecgate.identity.revocations import Revocations
from vecgate.reasons import Reason
from vecgate.state.store import StateStore

LOCAL_ISSUER: Final = "local:directory"
"""The issuer of a directory, as the one who revokes. No token can claim it: an issuer is an https address."""


class User(Resource[Any]):
    """A user as far as the gateway keeps one; what else is sent of it is not understood and not kept."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true, CaseExact.false] = None
    """The name by which the identity provider knows the user."""
    display_name: str | None = None
    """For people."""
    active: bool | None = None
    """Whether the user may come in; absent means yes."""


MODELS: Final = (User, Group)
BY_NAME: Final[dict[str, type[Resource[Any]]]] = {"User": User, "Group": Group}


class Provisioning(AsyncScimStorage):
    """One issuer's users and groups, in memory as the state store has them. A write is durable before it is answered.

    `attribute` is the one whose value is the account that the issuer's tokens name."""

    def __init__(
        self, issuer: str, attribute: Literal["userName", "externalId"], store: StateStore, revocations: Revocations
    ) -> None:
        self._issuer, self._attribute = issuer, attribute
        self._store, self._revocations = store, revocations
        self._shelf = f"scim {issuer}"
        self._memory = InMemoryStorage()
        self._holders: dict[str, str] = {}
        """By the key of an account, the id of its user; there is one."""
        self._epoch = -1
        """The store's epoch that the memory is of; -1 while a write is not durable, and if it failed."""
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def operation(self) -> AsyncIterator[None]:
        """One at a time, each on what is durable. Raises Unavailable."""
        async with self._turn:
            epoch = self._store.epoch(self._shelf)
            if epoch != self._epoch:
                await self._load()
                self._epoch = epoch
            yield

    async def _load(self) -> None:
        """Begin with what is durable. What a failure left half done is closed, and shown so: what the directory wanted
        it says again, and nobody comes in because it does not."""
        kept = await self._store.documents(self._shelf)
        self._memory.resources = await asyncio.to_thread(_resources, kept)
        users = {
            self._key(each): each for each in self._memory.resources if isinstance(each, User) and self._account(each)
        }
        self._holders = {key: str(each.id) for key, each in users.items()}
        closed = {each.key for each in await self._revocations.list() if each.source is Source.DIRECTORY}
        for key, user in users.items():
            if user.active is False and key not in closed:
                await self._close(user, "inactive")
            elif user.active is not False and key in closed:
                user.active = False
                await self._close(user, "left unfinished")
                await self._keep(None, user)

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        return self._memory.get(resource_type, resource_id)

    async def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        return self._memory.search(resource_types, search_request, position=position)

    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        self._epoch = -1
        made = self._memory.create(resource_type, resource)
        await self._settle(None, made)
        return made

    async def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        before = self._memory.get(resource_type, str(resource.id))
        if isinstance(resource, User) and resource.active is None and getattr(before, "active", None) is False:
            resource.active = False  # left out is not let in
        self._epoch = -1
        made = self._memory.update(resource_type, resource, expected_version=expected_version)
        await self._settle(before, made)
        return made

    async def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        before = self._memory.get(resource_type, resource_id)
        self._epoch = -1
        self._memory.delete(resource_type, resource_id, expected_version=expected_version)
        await self._settle(before, None)

    async def _settle(self, before: Resource[Any] | None, after: Resource[Any] | None) -> None:
        """Make a change durable. What closes comes before it and what opens after it: of an identity provider's request
        that fails half-way nothing is open too early, and it is repeated."""
        old = before if isinstance(before, User) and self._account(before) else None
        new = after if isinstance(after, User) else None
        if new is not None and not (self._account(new) and self._account(new).isprintable()):
            raise InvalidValueException(detail=f"A user needs {self._attribute}: it is the account that tokens name.")
        if new is not None and self._holders.get(self._key(new), new.id) != new.id:
            raise UniquenessException(detail=f"Another user has this {self._attribute}.")
        if old is not None and (new is None or self._key(new) != self._key(old)):
            await self._close(old, "renamed" if new is not None else "deleted")
            self._holders.pop(self._key(old), None)
        if new is not None and new.active is False:
            await self._close(new, "deactivated")
        epoch = await self._keep(before, after)
        if new is not None:
            self._holders[self._key(new)] = str(new.id)
            if new.active is not False:
                await self._open(new)
        self._epoch = epoch

    async def _keep(self, before: Resource[Any] | None, after: Resource[Any] | None) -> int:
        """The store's epoch from then on."""
        if after is not None:
            await self._store.keep_document(self._shelf, str(after.id), msgspec.json.encode(after.model_dump()))
        elif before is not None:
            await self._store.drop_document(self._shelf, str(before.id))
        return await self._store.bump(self._shelf)

    def _account(self, user: User) -> str:
        """The account; empty for a user that was made while `attribute` was another."""
        return (user.user_name if self._attribute == "userName" else user.external_id) or ""

    def _key(self, user: User) -> str:
        return account_key(self._issuer, self._account(user))

    async def _close(self, user: User, why: str) -> None:
        await self._revocations.revoke(self._revocation(user, f"{why} in the directory"), self._by)

    async def _open(self, user: User) -> None:
        """Lift what this directory revoked, if it did."""
        try:
            await self._revocations.lift(self._revocation(user, "active in the directory"), self._by)
        except Refusal as refusal:
            if refusal.reason is not Reason.NOT_FOUND:
                raise

    def _revocation(self, user: User, reason: str) -> Revocation:
        account = self._account(user)
        return Revocation(what=What.ACCOUNT, issuer=self._issuer, value=account, source=Source.DIRECTORY, reason=reason)

    @property
    def _by(self) -> Principal:
        return Principal(LOCAL_ISSUER, self._issuer, "the directory")


def _resources(kept: dict[str, bytes]) -> list[Resource[Any]]:
    """What was kept, as it was."""
    found = []
    for document in kept.values():
        plain = msgspec.json.decode(document)
        found.append(BY_NAME[plain["meta"]["resourceType"]].model_validate(plain))
    return found
