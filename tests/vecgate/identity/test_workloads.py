"""Workloads: tokens of Kubernetes and SPIFFE are those of any issuer, with subjects of their own shape."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.tokens import claims, ec, jwks_file, mint, rsa

from vecgate.config.identity import Claims, Identity, Issuer, Subjects
from vecgate.errors import Refusal
from vecgate.identity.authenticator import Authenticator
from vecgate.identity.principal import Principal
from vecgate.policy.subjects import matches
from vecgate.reasons import Reason

CLUSTER, TRUST = "https://kubernetes.default.svc.cluster.local", "https://spire.example.org"
ACCOUNT = "system:serviceaccount:search:indexer"
SVID = "spiffe://example.org/ns/search/sa/indexer"


def projected(**changes: Any) -> str:
    """As the kubelet writes it: a list of audiences, no client, no groups."""
    details = {
        "namespace": "search",
        "pod": {"name": "indexer-7d9", "uid": "1"},
        "serviceaccount": {"name": "indexer", "uid": "2"},
    }
    given = {"iss": CLUSTER, "sub": ACCOUNT, "aud": ["https://kubernetes.default.svc", "vecgate"], "groups": None}
    now = time.time()
    return mint(claims(now, nbf=int(now), **{"kubernetes.io": details}, **given | changes), rsa(), "RS256", typ=None)


def svid(**changes: Any) -> str:
    """A JWT-SVID; SPIRE writes `iss` where its `jwt_issuer` is set."""
    given: dict[str, Any] = {"iss": TRUST, "sub": SVID, "aud": ["vecgate"], "groups": None}
    return mint(claims(**given | changes), ec(), "ES256")


async def proved(folder: Path, token: str, **changes: Any) -> Principal:
    """By keys in files: neither the cluster nor SPIRE is contacted."""
    cluster = Issuer(issuer=CLUSTER, audience="vecgate", jwks=jwks_file(folder / "cluster.jwks", rsa()), **changes)
    spire = Issuer(issuer=TRUST, audience="vecgate", jwks=jwks_file(folder / "spire.jwks", ec()))
    authenticator = Authenticator(Identity(issuers=[cluster, spire]), folder)
    await authenticator.start()
    try:
        return await authenticator.authenticate(token)
    finally:
        await authenticator.stop()


@pytest.mark.parametrize(
    ("token", "issuer", "subject"),
    [(projected(), CLUSTER, ACCOUNT), (svid(), TRUST, SVID)],
    ids=["kubernetes", "spiffe"],
)
async def test_a_workload_is_its_issuer_and_subject(tmp_path: Path, token: str, issuer: str, subject: str) -> None:
    found = await proved(tmp_path, token)
    assert (found.issuer, found.subject, found.groups) == (issuer, subject, frozenset())
    assert matches(Subjects(subjects=[subject], issuers=[issuer]), found)
    assert not matches(Subjects(subjects=[subject.rpartition(":")[0]], issuers=[issuer]), found)


async def test_a_namespace_can_be_a_group(tmp_path: Path) -> None:
    found = await proved(tmp_path, projected(), claims=Claims(groups="/kubernetes.io/namespace"))
    assert found.groups == {"search"}


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (projected(aud=["https://kubernetes.default.svc"]), Reason.AUDIENCE_MISMATCH),
        (projected(aud=["vecgate-evil"]), Reason.AUDIENCE_MISMATCH),
        (projected(aud=[]), Reason.TOKEN_INVALID),
        (svid(aud=["spiffe://example.org/other"]), Reason.AUDIENCE_MISMATCH),
        (svid(iss=None), Reason.TOKEN_INVALID),
        (svid(iss=CLUSTER), Reason.TOKEN_INVALID),
        (svid(exp=1), Reason.TOKEN_EXPIRED),
    ],
    ids=range(7),
)
async def test_one_for_another_audience_or_of_another_issuer_is_refused(
    tmp_path: Path, token: str, reason: Reason
) -> None:
    with pytest.raises(Refusal) as refused:
        await proved(tmp_path, token)
    assert refused.value.reason is reason
