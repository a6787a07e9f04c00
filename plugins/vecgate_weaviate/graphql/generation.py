"""Generation: what `generate` takes and answers: prompts, and how a provider's model is to go about them.

Where that model is, the database's configuration says: members that name an address, or a part of one, are not served.
Source: the server's generative modules (1.40).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from vecgate_weaviate.graphql.arguments import BOOLEAN, INTEGER, NUMBER, TEXT, TEXTS, Choice, Input, Members

PROVIDERS: Final = frozenset(
    {
        *("anthropic", "anyscale", "aws", "cohere", "contextualai", "databricks", "deepseek", "friendliai"),
        *("google", "mistral", "nvidia", "octoai", "ollama", "openai", "xai"),
    }
)
_SETTINGS: Final = Members(
    {
        "model": TEXT,
        "temperature": NUMBER,
        "topP": NUMBER,
        "topK": NUMBER,
        "p": NUMBER,
        "k": NUMBER,
        "n": INTEGER,
        "maxTokens": INTEGER,
        "frequencyPenalty": NUMBER,
        "presencePenalty": NUMBER,
        "stop": TEXTS,
        "stopSequences": TEXTS,
        "reasoningEffort": Choice(frozenset({"minimal", "low", "medium", "high"})),
        "verbosity": Choice(frozenset({"low", "medium", "high"})),
        "images": TEXTS,
        "imageProperties": TEXTS,
    }
)
_PROVIDED: Final[dict[str, Input]] = dict.fromkeys(PROVIDERS, _SETTINGS)
ARGUMENTS: Final = Members(
    {
        "singleResult": Members({"prompt": TEXT, "debug": BOOLEAN, **_PROVIDED}, "prompt"),
        "groupedResult": Members({"task": TEXT, "properties": TEXTS, "debug": BOOLEAN, **_PROVIDED}, "task"),
    }
)
_USAGE: Final = dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"))
FIELDS: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("singleResult", "groupedResult", "error")),
    "debug": {"prompt": None},
    **{name: {"usage": _USAGE} for name in PROVIDERS},
}


def pictured(arguments: Mapping[str, Any]) -> Iterator[str]:
    """The properties whose pictures go to a model."""
    for result in arguments.values():
        for name in PROVIDERS & result.keys():
            yield from result[name].get("imageProperties", ())
