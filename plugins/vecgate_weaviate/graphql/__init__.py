"""GraphQL: `POST /v1/graphql` and `/v1/graphql/batch`.

A query is parsed within bounds (`text`), its fragments, variables and directives are worked in (`tree`), its classes
are read into operations (`gets`, `aggregates`), what is sent is printed from that (`printer`), and the answer is masked
by following it (`replies`).
"""
