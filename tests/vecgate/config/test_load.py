"""Loading a configuration: everything that is wrong is said at once, with file, line, column, key and a hint."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.configs import HEAD, KNOWN, MASKER, ThreePart, loaded, write

from vecgate.config.known import Known
from vecgate.config.load import Loaded, load
from vecgate.errors import ConfigError, PluginError


def findings(folder: Path, text: str, head: str = HEAD) -> list[str]:
    """The messages with the folder left out of their file names."""
    with pytest.raises(ConfigError) as error:
        loaded(folder, text, head)
    return [str(finding).removeprefix(f"{folder}/vecgate.yaml:") for finding in error.value.findings]


ACCOUNT = f"{{name: robot, owner: dana, expires: 2099-01-01T00:00:00Z, keys: ['sha256:{'aa' * 32}']}}"
"""A service account."""
CONTROL = "\ncontrol: {listen: '127.0.0.1:6099'}"
SECOND = ACCOUNT.replace("robot", "r2")


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("polcy: {}", "4:1: polcy: unknown key; did you mean policy?"),
        ("xyzzy: {}", "4:1: xyzzy: unknown key"),
        ("legacy_keys: []", "4:1: legacy_keys: unknown key"),
        ("policy: []", "4:9: policy: must be a mapping"),
        ("policy:\n  grants: {}", "5:11: policy.grants: must be a list"),
        ("policy:\n  grants:\n    - allow: [read]", "6:7: policy.grants[0].name: is required"),
        ("policy:\n  grants:\n    - name: a", "6:7: policy.grants[0].allow: is required"),
        (
            "policy: {grants: [{name: a, allow: [read, serch]}]}",
            "4:43: policy.grants[0].allow[1]: must be meta, search, read, write, delete or admin; did you mean search?",
        ),
        ("policy: {grants: [{name: a, allow: []}]}", "4:36: policy.grants[0].allow: must not be empty"),
        (
            "policy: {grants: [{name: '', allow: [read]}]}",
            "4:26: policy.grants[0].name: must be 1 to 100 characters, none of them control characters",
        ),
        ("policy: {grants: [{name: 5, allow: [read]}]}", "4:26: policy.grants[0].name: must be text"),
        (
            "policy: {grants: [{name: a, allow: [read], to: {group: [x]}}]}",
            "4:49: policy.grants[0].to.group: unknown key; did you mean groups?",
        ),
        (
            "policy: {grants: [{name: a, allow: [read], to: {groups: []}}]}",
            "4:57: policy.grants[0].to.groups: must not be empty",
        ),
        (
            "policy: {grants: [{name: a, allow: [read], to: {groups: ['']}}]}",
            "4:58: policy.grants[0].to.groups[0]: must not be empty",
        ),
        (
            "policy: {grants: [{name: a, allow: [read], on: {actions: []}}]}",
            "4:58: policy.grants[0].on.actions: must not be empty",
        ),
        (
            "policy: {grants: [{name: a, allow: [read], on: {resources: }}]}",
            "4:59: policy.grants[0].on.resources: has no value: give it one or leave the key out",
        ),
        (
            "policy: {grants: [{name: a, allow: [read], from: 2026-11-01T00:00:00}]}",
            (
                "4:50: policy.grants[0].from: "
                "needs a zone: write it like 2026-11-01T00:00:00Z or 2026-11-01T00:00:00+01:00"
            ),
        ),
        (
            "policy: {grants: [{name: a, allow: [read], until: 2026-11-01}]}",
            "4:51: policy.grants[0].until: write it like 2026-11-01T00:00:00Z",
        ),
        (
            "policy: {grants: [{name: a, allow: [read], until: '5'}]}",
            "4:51: policy.grants[0].until: write it like 2026-11-01T00:00:00Z",
        ),
        (
            "policy: {grants: [{name: a, allow: [read], until: 2026-13-01T00:00:00Z}]}",
            "4:51: policy.grants[0].until: month must be in 1..12",
        ),
        (
            "policy: {masks: [{name: a, vectors: drop, on: {actions: [read]}}]}",
            "4:48: policy.masks[0].on.actions: unknown key",
        ),
        ("policy: {limits: [{name: a, points: many}]}", "4:37: policy.limits[0].points: write it like 600/minute"),
        ("policy: {approvals: [{name: a}]}", "4:22: policy.approvals[0].reviewers: is required"),
        (
            "policy: {approvals: [{name: a, reviewers: {}, approvals: 0}]}",
            "4:58: policy.approvals[0].approvals: must be 1 or more",
        ),
        (
            "policy: {approvals: [{name: a, reviewers: {}, approvals: true}]}",
            "4:58: policy.approvals[0].approvals: must be a whole number",
        ),
        (
            "identity: {issuers: [{issuer: 'https://i', audience: [1]}]}",
            "4:55: identity.issuers[0].audience[0]: must be text",
        ),
        (
            "identity: {issuers: [{issuer: 'https://i', audience: 1}]}",
            "4:54: identity.issuers[0].audience: must be text or must be a list",
        ),
        (
            "identity: {issuers: [{issuer: 'https://i', audience: a, strict: 'yes'}]}",
            "4:65: identity.issuers[0].strict: must be true or false",
        ),
        ("evidence: {reads: both}", "4:19: evidence.reads: must be outcome or intent"),
        ("evidence: {checkpoint: 60}", "4:24: evidence.checkpoint: write it like 15m"),
        ("policy: {include: [policies/none.yaml]}", "4:20: policy.include[0]: no such file"),
        ("policy: {include: ['*.yaml']}", "4:20: policy.include[0]: includes the configuration itself"),
    ],
)
def test_a_misshapen_key_is_found_where_it_stands(tmp_path: Path, text: str, finding: str) -> None:
    assert findings(tmp_path, text) == [finding]


@pytest.mark.parametrize(
    ("connection", "finding"),
    [
        ("listen: '6010'", "6:13: connections[0].listen: write address:port, like 127.0.0.1:6010 or [::1]:6010"),
        ("listen: ':6010'", "6:13: connections[0].listen: write address:port, like 127.0.0.1:6010 or [::1]:6010"),
        ("listen: '127.0.0.1:66000'", "6:13: connections[0].listen: a port is at most 65535"),
        ("listen: '300.0.0.1:6010'", "6:13: connections[0].listen: 300.0.0.1 is no IP address"),
        ("listen: '127.0.0.1:6099'", "2:19: control.listen: the address is taken by connections[0].listen"),
        ("listen: '0.0.0.0:6099'", "2:19: control.listen: the address is taken by connections[0].listen"),
        (
            "upstream: db.example:8000",
            (
                "7:15: connections[0].upstream: write http://, https:// or h2c:// and an address, "
                "like http://127.0.0.1:8000"
            ),
        ),
        (
            "upstream: grpc://db.example",
            (
                "7:15: connections[0].upstream: write http://, https:// or h2c:// and an address, "
                "like http://127.0.0.1:8000"
            ),
        ),
        (
            "upstream: 'http://user:secret@db.example'",
            "7:15: connections[0].upstream: a credential does not belong into the address: write it under credential",
        ),
        (
            "upstream: http://db.example/?a=b",
            "7:15: connections[0].upstream: an upstream has no query and no fragment",
        ),
        (
            "upstream: http://db.example/a%2fb",
            (
                "7:15: connections[0].upstream: write an address and an optional plain path, "
                "like http://127.0.0.1:8000/prefix"
            ),
        ),
        ("upstream: http://db.example/a/../b", "7:15: connections[0].upstream: the path prefix has a dot segment"),
        ("upstream: http://db.example:0", "7:15: connections[0].upstream: the port is 1 to 65535"),
        (
            "upstream: http://localhost:6010",
            "7:15: connections[0].upstream: points at the gateway's own connections[0].listen",
        ),
        (
            "upstream: http://127.0.0.1:6099",
            "7:15: connections[0].upstream: points at the gateway's own control.listen",
        ),
        ("dialect: chrome", "5:14: connections[0].dialect: unknown dialect; did you mean chroma?"),
        ("dialect: solr", "5:14: connections[0].dialect: unknown dialect: there is chroma"),
        (
            "credential: {header: x-key, value: s3cr3t}",
            (
                "8:40: connections[0].credential.value: must be a reference to a secret, env:NAME or file:PATH, "
                "never the secret itself"
            ),
        ),
        (
            "credential: {header: x-key, value: 'Bearer: s3cr3t'}",
            (
                "8:40: connections[0].credential.value: must be a reference to a secret, env:NAME or file:PATH, "
                "never the secret itself"
            ),
        ),
        (
            "credential: {header: 'x key', value: 'env:K'}",
            "8:26: connections[0].credential.header: is no header name",
        ),
        (
            "credential: {header: Host, value: 'env:K'}",
            "8:26: connections[0].credential.header: is a header that the gateway sets itself",
        ),
        (
            "credential: {header: x-key, value: 'env:K', refresh: 500ms}",
            "8:58: connections[0].credential.refresh: must be 1s or more",
        ),
        (
            "credential: {header: x-key, value: 'env:K', grace: 20s}",
            "8:56: connections[0].credential.grace: must not be shorter than refresh (30s)",
        ),
        (
            "credential: {header: x-key, value: 'env:K', mint: jwt}",
            "8:55: connections[0].credential.mint: chroma takes no tokens of this kind",
        ),
        ("upstream_ca: ca.pem", "8:18: connections[0].upstream_ca: is of use for an https:// upstream only"),
        ("bounds: {body: 0B}", "8:20: connections[0].bounds.body: must be more than nothing"),
        ("enforcement: observ", "8:18: connections[0].enforcement: must be enforce or observe; did you mean observe?"),
        ("name: 'two words'", "4:11: connections[0].name: must be letters, digits, `_`, `.` or `-`"),
    ],
)
def test_a_connection_that_cannot_be_meant_is_refused(tmp_path: Path, connection: str, finding: str) -> None:
    lines = {
        "name": "name: docs",
        "dialect": "dialect: chroma",
        "listen": "listen: 127.0.0.1:6010",
        "upstream": "upstream: http://127.0.0.1:8000",
    }
    lines[connection.partition(":")[0]] = connection
    head = "version: 1\ncontrol: {listen: 127.0.0.1:6099}\nconnections:\n  - " + "\n    ".join(lines.values())

    assert findings(tmp_path, "", head) == [finding]


SCIM = "identity: {issuers: [{issuer: 'https://i/', audience: v}], provisioning: [{issuer: 'https://i/'"


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (
            "identity: {issuers: [{issuer: 'http://idp.example/', audience: v}]}",
            (
                "4:31: identity.issuers[0].issuer: keys are fetched over https; plain http needs allow_http and a "
                "loopback address"
            ),
        ),
        (
            "identity: {issuers: [{issuer: 'http://idp.example/', audience: v, allow_http: true}]}",
            (
                "4:31: identity.issuers[0].issuer: keys are fetched over https; plain http needs allow_http and a "
                "loopback address"
            ),
        ),
        (
            "identity: {issuers: [{issuer: 'https://i', audience: v, jwks: 'http://i/keys'}]}",
            (
                "4:63: identity.issuers[0].jwks: keys are fetched over https; plain http needs allow_http and a "
                "loopback address"
            ),
        ),
        (
            "identity: {issuers: [{issuer: 'https://i', audience: v, login: {client_id: c, client_secret: s3cret}}]}",
            (
                "4:94: identity.issuers[0].login.client_secret: must be a reference to a secret, env:NAME or "
                "file:PATH, never the secret itself"
            ),
        ),
        (
            "identity: {issuers: [{issuer: 'https://i', audience: v, login: {client_id: c, scopes: [a, b c]}}]}",
            "4:91: identity.issuers[0].login.scopes[1]: b c is not one scope: name each by itself",
        ),
        (
            "identity: {issuers: [{issuer: 'https://i', audience: v, login: {client_id: c, redirect: 'http://i/'}}]}",
            (
                "4:89: identity.issuers[0].login.redirect: http://i/ is not on this machine: write it like "
                "http://127.0.0.1/callback, with a port if that is fixed"
            ),
        ),
        (
            "identity: {issuers: [{issuer: 'http://i', audience: v, jwks: 'file:j', login: {client_id: c}}]}",
            (
                "4:79: identity.issuers[0].login: is of use with an issuer at an https address only; on loopback with "
                "allow_http"
            ),
        ),
        (
            "identity: {issuers: [{issuer: 'https://i', audience: v, jwks: 'file:'}]}",
            "4:63: identity.issuers[0].jwks: names no file",
        ),
        (
            "identity: {issuers: [{issuer: 'https://i', audience: v, algorithms: [HS256]}]}",
            (
                "4:69: identity.issuers[0].algorithms: HS256 is not one of "
                "ES256 ES384 ES512 Ed25519 Ed448 EdDSA PS256 PS384 PS512 RS256 RS384 RS512"
            ),
        ),
        (
            "identity: {issuers: [{issuer: 'https://i', audience: v, claims: {groups: groups}}]}",
            "4:74: identity.issuers[0].claims.groups: write a JSON pointer, like /groups or /realm_access/roles",
        ),
        (
            "identity: {issuers: [{issuer: 'https://i', audience: v}, {issuer: 'https://i', audience: w}]}",
            "4:67: identity.issuers[1].issuer: is that of identity.issuers[0], too: their people would be the same",
        ),
        (
            "identity: {issuers: [{issuer: 'https://i', audience: v, directory: {source: groups.yaml}}]}",
            (
                "4:77: identity.issuers[0].directory.source: says what kind it is, too: file:groups.yaml, "
                "entra:entra.yaml"
            ),
        ),
        (
            "identity: {own: {issuer: 'http://vecgate.example'}}" + CONTROL,
            "4:26: identity.own.issuer: write an https address, or an http one on a loopback address",
        ),
        (
            "identity: {own: {issuer: 'https://v/?a=b'}}" + CONTROL,
            "4:26: identity.own.issuer: write an https address, or an http one on a loopback address",
        ),
        (
            "identity: {own: {issuer: 'https://v', lifetime: 2d}}" + CONTROL,
            "4:49: identity.own.lifetime: must be at most a day: there is no other end to a token that leaked",
        ),
        (
            "identity: {own: {issuer: 'https://v', rotate: 0s}}" + CONTROL,
            "4:47: identity.own.rotate: must be at least a second",
        ),
        (
            "identity: {own: {issuer: 'https://v'}}",
            (
                "4:17: identity.own: nobody can get a token of it: write control, or the keys that another gateway "
                "signs with"
            ),
        ),
        (
            "identity: {own: {issuer: 'https://v', keys: ring.jwks}}",
            "4:45: identity.own.keys: must be a reference, file:PATH or another to a private JWK set",
        ),
        (
            f"identity: {{service_accounts: [{ACCOUNT}]}}",
            "4:30: identity.service_accounts: need identity.own: its issuer is theirs",
        ),
        (
            f"identity: {{own: {{issuer: 'https://v'}}, service_accounts: [{ACCOUNT}, {ACCOUNT.replace('aa', 'bb')}]}}",
            "4:208: identity.service_accounts[1].name: robot is named twice",
        ),
        (
            f"identity: {{own: {{issuer: 'https://v'}}, service_accounts: [{ACCOUNT}, {SECOND}]}}",
            "4:262: identity.service_accounts[1].keys: has a key that is named twice",
        ),
        (
            "identity: {administrators: {}}",
            "4:28: identity.administrators: names everybody: name the groups or the subjects who may revoke others",
        ),
        (
            "identity: {administrators: {groups: ['*'], clients: [cli]}}",
            "4:28: identity.administrators: names everybody: name the groups or the subjects who may revoke others",
        ),
        (
            f"{SCIM}, token: 'env:T'}}]}}",
            "4:74: identity.provisioning: needs control: its address is where a directory talks to the gateway",
        ),
        (
            f"control: {{listen: '127.0.0.1:1'}}\n{SCIM}, token: hunter2}}]}}",
            (
                "5:105: identity.provisioning[0].token: must be a reference to a secret, env:NAME or file:PATH, "
                "never the secret itself"
            ),
        ),
        (
            f"control: {{listen: '127.0.0.1:1'}}\n{SCIM.replace('https://i/', 'https://j/', 1)}, token: 'env:T'}}]}}",
            "5:84: identity.provisioning[0].issuer: no issuer is configured by this name; did you mean https://j/?",
        ),
        (
            f"control: {{listen: '127.0.0.1:1'}}\n{SCIM}, token: 'env:T', account: mail}}]}}",
            "5:123: identity.provisioning[0].account: must be userName or externalId",
        ),
        (
            f"control: {{listen: '127.0.0.1:1'}}\n{SCIM}, token: 'env:T', also: ['https://i/']}}]}}",
            "5:121: identity.provisioning[0].also[0]: is no other issuer that is configured",
        ),
        ("state: {url: 'postgres://x'}", "4:14: state.url: write memory: or sqlite:///PATH"),
        ("evidence: {signing_key: k.pem}", "4:25: evidence.signing_key: must be a reference, file:PATH"),
        ("masking: {key: c2VjcmV0}", "4:16: masking.key: must be a reference, file:PATH"),
        ("evidence: {checkpoint: 0s}", "4:24: evidence.checkpoint: must be more than nothing"),
        (
            "policy: {grants: [{name: a, allow: [read]}, {name: a, allow: [meta]}]}",
            "4:52: policy.grants[1].name: a is named twice",
        ),
        (
            "policy: {masks: [{name: a, vectors: drop}, {name: a, vectors: drop}]}",
            "4:51: policy.masks[1].name: a is named twice",
        ),
        (
            "policy: {grants: [{name: a, allow: [read], on: {connections: [dcos]}}]}",
            "4:63: policy.grants[0].on.connections[0]: no connection has this name; did you mean docs?",
        ),
        (
            "policy: {grants: [{name: a, allow: [read], on: {resources: [a/b/c/d]}}]}",
            "4:61: policy.grants[0].on.resources[0]: can match nothing: names here have at most 3 segments",
        ),
        (
            "policy: {grants: [{name: a, allow: [read], on: {resources: [a//b]}}]}",
            "4:61: policy.grants[0].on.resources[0]: has an empty segment: write names with one / between them",
        ),
        (
            "policy: {grants: [{name: a, allow: [read], on: {resources: [a/b**]}}]}",
            "4:61: policy.grants[0].on.resources[0]: ** stands for whole segments: write it between slashes",
        ),
        (
            "policy: {grants: [{name: a, allow: [read], on: {resources: ['kb_?']}}]}",
            "4:61: policy.grants[0].on.resources[0]: ? has no meaning here: only * and ** stand for other characters",
        ),
        (
            "policy: {grants: [{name: a, allow: [read], when: 'principal.name =='}]}",
            "4:50: policy.grants[0].when: is no CEL expression: mismatched input '<EOF>' at column 18",
        ),
        (
            "policy: {grants: [{name: a, allow: [read], rows: 'tenant == 1'}]}",
            (
                "4:50: policy.grants[0].rows: no dialect enforces row filters yet, "
                "and a filter that is not enforced is refused"
            ),
        ),
        (
            "policy: {grants: [{name: a, allow: [read], until: 2026-02-01T01:00:00+01:00, from: 2026-02-01 00:00Z}]}",
            "4:51: policy.grants[0].until: must be later than from",
        ),
        (
            'policy: {grants: [{name: a, allow: [read], to: {groups: ["caf\\u0065\\u0301"]}}]}',
            "4:58: policy.grants[0].to.groups[0]: is not in Unicode normal form C, so that no token can match it",
        ),
        (
            "policy: {masks: [{name: a}]}",
            "4:18: policy.masks[0]: masks nothing: give it vectors, scores or fields",
        ),
        (
            "policy: {masks: [{name: a, vectors: blur}]}",
            "4:37: policy.masks[0].vectors: 'blur' is no vector strategy: write one of drop, round, zero",
        ),
        (
            "policy: {masks: [{name: a, vectors: 'round:x'}]}",
            "4:37: policy.masks[0].vectors: write round:2, with one digit for the decimals that stay",
        ),
        (
            "policy: {masks: [{name: a, scores: hide}]}",
            "4:36: policy.masks[0].scores: 'hide' is no score strategy: write one of drop, keep, rank, round",
        ),
        (
            "policy: {masks: [{name: a, fields: {ssn: blank}}]}",
            "4:42: policy.masks[0].fields.ssn: 'blank' is no field strategy: write one of drop, hash, partial, redact",
        ),
        (
            "policy: {masks: [{name: a, fields: {'..': drop}}]}",
            "4:43: policy.masks[0].fields...: '..' names no field: write a dotted path such as address.city",
        ),
        (
            "policy: {limits: [{name: a}]}",
            "4:19: policy.limits[0]: limits nothing: give it requests, operations or points",
        ),
        (
            "policy: {approvals: [{name: a, reviewers: {}, hold: 15m}]}",
            "4:53: policy.approvals[0].hold: must be shorter than expires (15m)",
        ),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, finding: str) -> None:
    assert findings(tmp_path, text) == [finding]


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
    policy:
      grants:
        - {name: a, alow: [read]}
        - {name: b, allow: [read], until: soon}
    plugin: {}
    """
    assert findings(tmp_path, text) == [
        "6:7: policy.grants[0].allow: is required",
        "6:17: policy.grants[0].alow: unknown key; did you mean allow?",
        "7:39: policy.grants[1].until: write it like 2026-11-01T00:00:00Z",
        "8:1: plugin: unknown key; did you mean plugins?",
    ]


def test_a_secret_that_stands_in_the_file_is_never_repeated(tmp_path: Path) -> None:
    head = HEAD.replace("upstream:", "credential: {header: a, value: {k: S3CRET}}, upstream:")

    assert findings(tmp_path, "", head) == ["3:92: connections[0].credential.value: must be text"]


def test_json_is_a_valid_configuration(tmp_path: Path) -> None:
    text = """{
    \t"version": 1,
    \t"connections": [{"name": "docs", "dialect": "chroma", "listen": "127.0.0.1:0", "upstream": "http://db:8000/"}]
    }"""
    assert loaded(tmp_path, "", text).config.connections[0].name == "docs"


@pytest.mark.parametrize("text", ["", "# nothing", "[]", "text"])
def test_a_file_without_keys_is_refused(tmp_path: Path, text: str) -> None:
    assert findings(tmp_path, "", text) == ["1:1: must be a mapping with keys, and is empty or something else"]


def test_included_files_are_merged_in_the_order_of_their_names(tmp_path: Path) -> None:
    write(tmp_path, "grants: [{name: c, allow: [read]}]", "policies/b.yaml")
    write(tmp_path, "grants: [{name: b, allow: [read]}]\nmasks: [{name: m, vectors: drop}]", "policies/a.yaml")

    policy = loaded(
        tmp_path, "policy: {include: ['policies/*.yaml'], grants: [{name: a, allow: [read]}]}"
    ).config.policy

    assert [grant.name for grant in policy.grants] == ["a", "b", "c"]
    assert [mask.name for mask in policy.masks] == ["m"]


def test_mistakes_in_included_files_stand_with_their_own_places(tmp_path: Path) -> None:
    write(tmp_path, "grants:\n  - {name: a, allow: [red]}\npolicy: {}", "policies/a.yaml")
    write(tmp_path, "masks: {", "policies/b.yaml")

    found = findings(tmp_path, "policy: {include: ['policies/*.yaml']}")

    assert found == [
        (
            f"{tmp_path}/policies/a.yaml:2:23: grants[0].allow[0]: must be meta, search, read, write, delete or admin; "
            "did you mean read?"
        ),
        f"{tmp_path}/policies/a.yaml:3:1: policy: unknown key",
        f"{tmp_path}/policies/b.yaml:1:9: not YAML: expected the node content, but found '<stream end>'",
    ]


def test_meaning_is_checked_across_files(tmp_path: Path) -> None:
    write(tmp_path, "grants:\n  - name: a\n    allow: [read]\n    rows: x", "more.yaml")

    found = findings(tmp_path, "policy: {include: [more.yaml], grants: [{name: a, allow: [read]}]}")

    assert found == [
        f"{tmp_path}/more.yaml:2:11: grants[0].name: a is named twice",
        (
            f"{tmp_path}/more.yaml:4:11: grants[0].rows: no dialect enforces row filters yet, and a filter that is not "
            "enforced is refused"
        ),
    ]


def test_a_glob_that_matches_no_file_yet_is_only_noted(tmp_path: Path) -> None:
    made = loaded(tmp_path, "policy: {include: ['policies/*.yaml']}")

    assert [str(note) for note in made.notes] == [
        f"{tmp_path}/vecgate.yaml:4:20: policy.include[0]: matches no file yet"
    ]


def test_findings_name_the_file_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, HEAD + "policy: {include: [more.yaml]}", "sub/vecgate.yaml")
    write(tmp_path, "x: 1", "sub/more.yaml")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError) as error:
        load(Path("sub/vecgate.yaml"), None)

    assert str(error.value) == "sub/more.yaml:1:1: x: unknown key"


def test_paths_resolve_against_the_folder_of_the_configuration(tmp_path: Path) -> None:
    made = loaded(tmp_path, "")

    assert made.resolve("file:keys/a.pem") == tmp_path / "keys/a.pem"
    assert made.resolve("var/state.db") == tmp_path / "var/state.db"
    assert made.resolve("file:/etc/key.pem") == Path("/etc/key.pem")


def test_a_plugin_that_cannot_be_loaded_is_a_finding(tmp_path: Path) -> None:
    def known(names: object, folder: Path) -> Known:
        raise PluginError("nosuch", "is not installed")

    with pytest.raises(ConfigError) as error:
        load(write(tmp_path, HEAD + "plugins: {load: [nosuch]}"), known)

    assert str(error.value) == f"{tmp_path}/vecgate.yaml:4:17: plugins.load: plugin nosuch: is not installed"


def test_depths_come_from_the_tables_of_the_dialects(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").depths == {"docs": 3}
    assert load(write(tmp_path, HEAD), None).depths == {}
    assert KNOWN.depth("nosuch") is None


def test_milvus_management_port_is_never_put_behind_the_gateway(tmp_path: Path) -> None:
    head = HEAD.replace("chroma", "milvus").replace("8000", "9091")

    with pytest.raises(ConfigError, match="9091 is Milvus' management port"):
        load(write(tmp_path, head), None)


class Minting(ThreePart):
    mints = True


def test_a_minted_token_goes_into_the_engines_own_header(tmp_path: Path) -> None:
    def with_header(name: str) -> Loaded:
        head = HEAD.replace('000"}', f"000\", credential: {{header: {name}, value: 'env:K', mint: jwt}}}}")
        return load(write(tmp_path, head), lambda names, folder: Known({"chroma": Minting()}, MASKER))

    with_header("X-Chroma-Token")
    with pytest.raises(ConfigError) as error:
        with_header("authorization")
    assert str(error.value) == (
        f"{tmp_path}/vecgate.yaml:3:117: connections[0].credential.header: must be x-chroma-token: chroma looks "
        "for a minted token nowhere else"
    )


@pytest.mark.parametrize(
    "use",
    [f"service_accounts: [{ACCOUNT}]", "own: {issuer: 'https://v', keys: 'vault:ring'}"],
    ids=["accounts", "keys"],
)
def test_an_own_issuer_may_be_of_use_without_a_control_plane(tmp_path: Path, use: str) -> None:
    """Static keys go where a token would; and another gateway may sign with the same keys."""
    own = "" if use.startswith("own") else "own: {issuer: 'https://v'}, "
    assert loaded(tmp_path, f"identity: {{{own}{use}}}").config.identity.own is not None
