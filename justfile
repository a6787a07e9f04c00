# List the recipes
default:
    @just --list

# Lint, types and unit tests: seconds, run it all the time
check: lint types unit

# Formatting and lint rules
lint:
    uv run --group check ruff check .
    uv run --group check ruff format --check .

# Static types, strict
types:
    uv run --group test mypy

# Unit tests: no server, no browser
unit *args:
    uv run --group check pytest -q -n auto -m "not real" {{args}}

# Everything: checks, real servers, real clients, a browser
test *args: lint types
    uv run --group test pytest -q -n auto {{args}}

# Mend formatting and what ruff can mend
fix:
    uv run --group check ruff check --fix .
    uv run --group check ruff format .

# Measure side by side: direct, nginx, stock mitmdump, vecgate (needs nginx, wrk and h2load)
bench *args:
    uv run --group test python -m tests.bench {{args}}

# See it work: a real Chroma server, an issuer, the gateway, four people
demo *args:
    uv run vecgate demo {{args}}

# Compile the engines' .proto files to the descriptors that the plugins carry
protos:
    uv run --group test python -m tests.support.descriptors

# Write the pages that are made from code
docs:
    uv run --group check python -m vecgate.operations.reference docs/operations
