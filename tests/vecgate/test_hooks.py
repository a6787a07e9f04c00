from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from vecgate import hookspecs
from vecgate.errors import PluginError, Refusal
from vecgate.hooks import Hooks
from vecgate.hookspecs import hookimpl
from vecgate.identity.principal import Principal
from vecgate.masking.strategies import FieldStrategy, Where
from vecgate.operations.model import Action, Operation
from vecgate.reasons import Reason

PRINCIPAL = Principal("https://idp.example/", "alice")
READ = Operation("get", Action.READ, ("t/d/c",))


class Initials(FieldStrategy):
    strictness = 40
    spec = "initials"

    def __call__(self, value: Any, where: Where) -> str:
        return "A.B."


def plugin(**hooks: Callable[..., Any]) -> ModuleType:
    """A plugin with these implementations, marked as such."""
    module = ModuleType("plugin")
    for name, function in hooks.items():
        setattr(module, f"vecgate_{name}", hookimpl(function))
    return module


def test_there_is_a_method_for_every_hook_and_nothing_else() -> None:
    specified = {name.removeprefix("vecgate_") for name in vars(hookspecs) if name.startswith("vecgate_")}
    methods = {name for name in vars(Hooks) if not name.startswith("_")}
    assert methods - specified == {"of", "describe", "implements"}
    assert specified <= methods


def test_without_plugins_nothing_happens() -> None:
    hooks = Hooks.of()
    assert hooks.veto(PRINCIPAL, [READ], "docs") is None
    assert hooks.authenticate("token", "docs") is None
    assert hooks.secret("vault:x") is None
    assert not hooks.dialects()
    assert not hooks.mask_strategies()
    assert hooks.report_sections({}) == []
    hooks.evidence(b"{}\n")
    assert not hooks.implements("vecgate_veto")


# Refusing


def says(answer: Any) -> ModuleType:
    def veto(principal: Principal, operations: Sequence[Operation], connection: str) -> Any:
        return answer

    return plugin(veto=veto)


@pytest.mark.parametrize("answer", ["closed", "", False, True, 0, [], object()])
def test_any_veto_but_none_refuses_with_a_text(answer: Any) -> None:
    said = Hooks.of(quiet=says(None), loud=says(answer)).veto(PRINCIPAL, [READ], "docs")
    assert said == ("closed" if answer == "closed" else "A plugin refuses the request.")


def test_the_plugin_named_first_speaks_first() -> None:
    assert Hooks.of(a=says("a"), b=says("b")).veto(PRINCIPAL, [READ], "docs") == "a"


def test_a_veto_is_asked_about_everybody_who_acts() -> None:
    def veto(principal: Principal, operations: Sequence[Operation], connection: str) -> str | None:
        return "no agents" if "agents" in principal.groups else None

    acting = replace(PRINCIPAL, actors=(Principal("https://idp.example/", "bot", groups=frozenset({"agents"})),))
    assert Hooks.of(a=plugin(veto=veto)).veto(PRINCIPAL, [READ], "docs") is None
    assert Hooks.of(a=plugin(veto=veto)).veto(acting, [READ], "docs") == "no agents"


def test_a_veto_sees_who_does_what_where() -> None:
    def veto(principal: Principal, operations: Sequence[Operation], connection: str) -> str:
        return f"{principal.key} {operations[0].name} {connection}"

    assert Hooks.of(a=plugin(veto=veto)).veto(PRINCIPAL, [READ], "docs") == "https://idp.example/ alice get docs"


def test_an_implementation_may_take_fewer_arguments() -> None:
    def veto(connection: str) -> str:
        return connection

    assert Hooks.of(a=plugin(veto=veto)).veto(PRINCIPAL, [READ], "docs") == "docs"


def test_a_veto_that_fails_reaches_the_caller() -> None:
    def veto() -> str:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        Hooks.of(a=plugin(veto=veto)).veto(PRINCIPAL, [READ], "docs")


# Authenticating


def test_the_first_plugin_that_knows_a_token_authenticates_it() -> None:
    def known(token: str, connection: str) -> Principal | None:
        return Principal("urn:local", token) if token.startswith("local-") else None

    hooks = Hooks.of(other=plugin(authenticate=lambda: None), local=plugin(authenticate=known))
    found = hooks.authenticate("local-bob", "docs")
    assert found is not None
    assert found.key == "urn:local local-bob"
    assert hooks.authenticate("eyJ", "docs") is None


@pytest.mark.parametrize("answer", ["bob", True, {}, Principal("", "bob"), Principal("urn:local", "")])
def test_what_is_no_whole_principal_authenticates_nobody(answer: Any) -> None:
    with pytest.raises(PluginError, match="plugin local"):
        Hooks.of(local=plugin(authenticate=lambda: answer)).authenticate("t", "docs")


def test_a_plugin_refuses_a_token_with_its_own_reason() -> None:
    def authenticate(token: str) -> None:
        raise Refusal(Reason.TOKEN_REVOKED)

    with pytest.raises(Refusal) as raised:
        Hooks.of(a=plugin(authenticate=authenticate)).authenticate("t", "docs")
    assert raised.value.reason is Reason.TOKEN_REVOKED


# Contributing


@pytest.mark.parametrize(
    ("contributed", "message"),
    [
        ({"hash": Initials()}, "hash is taken"),
        ({"zero": Initials()}, "zero is taken"),
        ({"initials": str}, "is no FieldStrategy"),
        ({"initials": Initials}, "is no FieldStrategy"),
        ({"a:b": Initials()}, "without a colon"),
        ({"": Initials()}, "without a colon"),
        ([Initials()], "must return a mapping"),
    ],
)
def test_mask_strategies_that_cannot_be_used_stop_the_start(contributed: Any, message: str) -> None:
    with pytest.raises(PluginError, match=f"plugin names: .*{message}"):
        Hooks.of(names=plugin(mask_strategies=lambda: contributed)).mask_strategies()


def test_a_strategy_name_belongs_to_one_plugin() -> None:
    def strategies() -> Mapping[str, FieldStrategy]:
        return {"initials": Initials()}

    assert list(Hooks.of(a=plugin(mask_strategies=strategies)).mask_strategies()) == ["initials"]
    with pytest.raises(PluginError, match="initials is taken"):
        Hooks.of(a=plugin(mask_strategies=strategies), b=plugin(mask_strategies=strategies)).mask_strategies()


@pytest.mark.parametrize("contributed", [{}, "chroma", ["chroma"], [object]])
def test_what_is_no_dialect_stops_the_start(contributed: Any) -> None:
    with pytest.raises(PluginError, match="plugin engine"):
        Hooks.of(engine=plugin(dialects=lambda: contributed)).dialects()


@pytest.mark.parametrize("hook", ["dialects", "mask_strategies"])
def test_a_contribution_that_fails_stops_the_start_with_the_plugins_name(hook: str) -> None:
    def broken() -> Any:
        raise RuntimeError("broken")

    with pytest.raises(PluginError, match=f"plugin engine: vecgate_{hook} failed: broken"):
        getattr(Hooks.of(engine=plugin(**{hook: broken})), hook)()


def test_sections_of_all_plugins_are_put_together() -> None:
    def sections(session: Mapping[str, Any]) -> list[str]:
        return [session["id"], "more"]

    hooks = Hooks.of(a=plugin(report_sections=sections))
    assert list(map(str, hooks.report_sections({"id": "s1"}))) == ["s1", "more"]


def test_a_plugin_adds_verbs() -> None:
    app: list[str] = []
    Hooks.of(a=plugin(cli=lambda app: app.append("verb"))).cli(app)
    assert app == ["verb"]


# Secrets, tickets, evidence


def test_a_secret_comes_from_the_plugin_that_knows_its_scheme() -> None:
    def vault(reference: str) -> str | None:
        return "s3cret" if reference.startswith("vault:") else None

    hooks = Hooks.of(aws=plugin(secret=lambda reference: None), vault=plugin(secret=vault))
    assert hooks.secret("vault:db") == "s3cret"
    assert hooks.secret("other:db") is None
    with pytest.raises(PluginError, match="must return a text"):
        Hooks.of(a=plugin(secret=lambda: b"bytes")).secret("vault:db")


@pytest.mark.parametrize("event", ["approval_opened", "approval_decided"])
def test_a_notifier_that_fails_is_logged_and_the_others_are_told(event: str, caplog: pytest.LogCaptureFixture) -> None:
    def broken(ticket: Mapping[str, Any]) -> None:
        raise RuntimeError("no network")

    told: list[Any] = []
    hooks = Hooks.of(a=plugin(**{event: broken}), b=plugin(**{event: lambda ticket: told.append(ticket["id"])}))
    with caplog.at_level(logging.ERROR):
        getattr(hooks, event)({"id": "t1"})
    assert told == ["t1"]
    assert f"plugin a: vecgate_{event} failed" in caplog.text


def test_a_sink_that_fails_is_heard_of_after_all_have_the_record() -> None:
    def broken(line: bytes) -> None:
        raise OSError("sink is full")

    kept: list[bytes] = []
    hooks = Hooks.of(a=plugin(evidence=broken), b=plugin(evidence=lambda line: kept.append(line)))
    with pytest.raises(OSError, match="sink is full"):
        hooks.evidence(b"{}\n")
    assert kept == [b"{}\n"]


# Tracing


def test_tracing_prints_calls_and_results_but_no_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VECGATE_TRACE_HOOKS", "1")

    def authenticate(token: str, connection: str) -> Principal:
        return Principal("urn:local", "bob", claims={"x": "t0ken"})

    def veto(principal: Principal, operations: Sequence[Operation], connection: str) -> str:
        return "closed"

    def opened(ticket: Mapping[str, Any]) -> None:
        raise RuntimeError("t0ken")

    hooks = Hooks.of(
        a=plugin(
            authenticate=authenticate,
            veto=veto,
            approval_opened=opened,
            secret=lambda reference: "s3cret",
            evidence=lambda line: None,
            mask_strategies=lambda: {"initials": Initials()},
        )
    )
    hooks.authenticate("t0ken", "docs")
    hooks.veto(PRINCIPAL, [READ], "docs")
    hooks.approval_opened({"id": "t1", "summary": "t0ken"})
    hooks.secret("vault:t0ken")
    hooks.evidence(b"t0ken")
    hooks.mask_strategies()
    printed = capsys.readouterr().err
    assert [line.partition(" [")[0] for line in printed.replace("[get]", "(get)").splitlines()] == [
        "a: vecgate_authenticate(token=…, connection='docs') -> …",
        "a: vecgate_veto(principal='https://idp.example/ alice', operations=(get), connection='docs') -> 'closed'",
        "a: vecgate_approval_opened(ticket='t1') -> raised RuntimeError",
        "a: vecgate_secret(reference=vault:…) -> …",
        "a: vecgate_evidence(line=5 bytes) -> None",
        "a: vecgate_mask_strategies() -> {initials}",
    ]
    assert "t0ken" not in printed
    assert "s3cret" not in printed


def test_without_the_variable_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    Hooks.of(a=says(None)).veto(PRINCIPAL, [READ], "docs")
    assert capsys.readouterr() == ("", "")
