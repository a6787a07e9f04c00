"""Refused: Pinecone's other hosts and interfaces, each operation by its name, so that none is taken for unknown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vecgate.operations.model import Action
from vecgate.operations.table import Row

_ADMIN: Final = "Keys, accounts and projects are not administered through the gateway: they would go round it."
_ASSISTANT: Final = "Assistants are not served: they keep copies of data behind addresses of their own."
_METRICS: Final = "Metrics are not served."
_OAUTH: Final = "The service's own tokens would go round the gateway."
_TYPED: Final = "Indexes with typed schemas are known only from a client, not from a description; they are not served."
_SCHEDULES: Final = "Backup schedules are known only from a client, not from a description; they are not served."

_PUBLISHED: Final = {
    _ADMIN: """
        list_projects GET /admin/projects
        create_project POST /admin/projects
        fetch_project GET /admin/projects/{project_id}
        update_project PATCH /admin/projects/{project_id}
        delete_project DELETE /admin/projects/{project_id}
        list_project_api_keys GET /admin/projects/{project_id}/api-keys
        create_api_key POST /admin/projects/{project_id}/api-keys
        fetch_api_key GET /admin/api-keys/{api_key_id}
        update_api_key PATCH /admin/api-keys/{api_key_id}
        delete_api_key DELETE /admin/api-keys/{api_key_id}
        list_organizations GET /admin/organizations
        fetch_organization GET /admin/organizations/{organization_id}
        update_organization PATCH /admin/organizations/{organization_id}
        delete_organization DELETE /admin/organizations/{organization_id}
    """,
    _METRICS: "fetch_prometheus_targets GET /prometheus/projects/{project_id}/metrics/discover",
    _OAUTH: "get_token POST /oauth/token",
}
_ASSISTANTS: Final = """
    list_assistants GET /assistants
    create_assistant POST /assistants
    get_assistant GET /assistants/{assistant_name}
    update_assistant PATCH /assistants/{assistant_name}
    delete_assistant DELETE /assistants/{assistant_name}
    list_files GET /files/{assistant_name}
    upload_file POST /files/{assistant_name}
    describe_file GET /files/{assistant_name}/{assistant_file_id}
    upsert_file PUT /files/{assistant_name}/{assistant_file_id}
    delete_file DELETE /files/{assistant_name}/{assistant_file_id}
    list_operations GET /operations/{assistant_name}
    describe_operation GET /operations/{assistant_name}/{operation_id}
    chat_assistant POST /chat/{assistant_name}
    context_assistant POST /chat/{assistant_name}/context
    chat_completion_assistant POST /chat/{assistant_name}/chat/completions
    metrics_alignment POST /evaluation/metrics/alignment
"""
"""On hosts of their own, whose addresses have the path `/assistant` before all of these."""

_OF_A_CLIENT: Final = {
    _TYPED: """
        documents_upsert POST /namespaces/{namespace}/documents/upsert
        documents_search POST /namespaces/{namespace}/documents/search
        documents_fetch POST /namespaces/{namespace}/documents/fetch
        documents_list POST /namespaces/{namespace}/documents/list
        documents_update POST /namespaces/{namespace}/documents/update
        documents_delete POST /namespaces/{namespace}/documents/delete
    """,
    _SCHEDULES: """
        list_backup_schedules GET /indexes/{index_name}/backup-schedules
        create_backup_schedule POST /indexes/{index_name}/backup-schedules
        describe_backup_schedule GET /backup-schedules/{schedule_id}
        update_backup_schedule PATCH /backup-schedules/{schedule_id}
        delete_backup_schedule DELETE /backup-schedules/{schedule_id}
        list_backup_schedule_history GET /backup-schedules/{schedule_id}/history
    """,
    _ADMIN: """
        list_users GET /admin/users
        fetch_user GET /admin/users/{user_id}
        delete_user DELETE /admin/users/{user_id}
        list_invites GET /admin/invites
        create_invite POST /admin/invites
        fetch_invite GET /admin/invites/{invite_id}
        delete_invite DELETE /admin/invites/{invite_id}
        resend_invite POST /admin/invites/{invite_id}/resend
        list_role_bindings GET /admin/role-bindings
        create_role_binding POST /admin/role-bindings
        fetch_role_binding GET /admin/role-bindings/{role_binding_id}
        delete_role_binding DELETE /admin/role-bindings/{role_binding_id}
        list_service_accounts GET /admin/service-accounts
        create_service_account POST /admin/service-accounts
        fetch_service_account GET /admin/service-accounts/{service_account_id}
        update_service_account PATCH /admin/service-accounts/{service_account_id}
        delete_service_account DELETE /admin/service-accounts/{service_account_id}
        rotate_service_account_secret POST /admin/service-accounts/{service_account_id}/rotate-secret
    """,
}
"""API 2026-07, as the Python client 10.2 asks for it."""


def _rows(lines: str, why: str, prefix: str = "", suffix: str = "") -> Iterator[Row]:
    for line in lines.strip().splitlines():
        name, method, path = line.split()
        yield Row(name + suffix, method, prefix + path, Action.ADMIN, refused=why)


ROWS: Final = (
    *(row for why, lines in _PUBLISHED.items() for row in _rows(lines, why)),
    *_rows(_ASSISTANTS, _ASSISTANT),
    *_rows(_ASSISTANTS, _ASSISTANT, "/assistant", "_by_prefix"),
    *(row for why, lines in _OF_A_CLIENT.items() for row in _rows(lines, why)),
)
