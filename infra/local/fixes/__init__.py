"""One module a gap between MiniStack and AWS that this product would otherwise run into.

Each has ``NAME``, a docstring (the gap, what AWS does, where that is written) and ``apply()``, which raises
:class:`infra.local.patching.FixRefusedError` when the emulator no longer holds what it replaces.
"""

FIXES = (
    "leading_keys",
    "policy_variables",
    "encryption_context_keys",
    "conditional_writes",
    "table_settings",
    "object_lock",
    "reserved_concurrency",
    "expiry_sweep",
    "read_capacity",
    "range_queries",
    "stream_records",
    "stream_failures",
    "stream_thread",
    "batching",
    "error_types",
    "traces",
    "warm_worker",
    "worker_limit",
    "unpacked_code",
    "function_environment",
    "rest_api_identity",
    "openapi_extensions",
    "access_tokens",
    "sign_in_lockout",
    "custom_domain",
    "compression",
    "loopback_transport",
    "key_ciphertext",
    "move_tasks",
    "fair_queues",
    "queue_batch_actions",
    "saved_state",
)
