"""retries: when a request is tried again, and where (RE).

Istio's default retries what never reached a server, and nothing that was cut while being answered. What a manifest
says replaces the default as a whole.
"""

from __future__ import annotations

from http import HTTPStatus

from unstale.envoy.resource import Json, typed
from unstale.istio.virtual_service import HTTPRetry

DEFAULT_RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
DEFAULT_ATTEMPTS = 2
_STATUS_CODES = frozenset(str(status.value) for status in HTTPStatus)
_BY_CODE = "retriable-status-codes"


def retry_policy(retries: HTTPRetry | None, *, is_hashed: bool = False) -> Json | None:
    """Envoy's policy, None for no retries; a hashed route must be free to go to the same endpoint again (RE-1)."""
    if retries is None:
        return _policy(DEFAULT_ATTEMPTS, avoids_previous_hosts=not is_hashed)
    if not retries.attempts or retries.attempts < 0:
        return None
    ignores = retries.retry_ignore_previous_hosts
    policy = _policy(retries.attempts, avoids_previous_hosts=(not is_hashed) if ignores is None else ignores)
    if retries.retry_on:
        policy.update(_retry_on(retries.retry_on))
    if retries.per_try_timeout is not None:
        policy["per_try_timeout"] = retries.per_try_timeout.protobuf
    if retries.backoff is not None:
        policy["retry_back_off"] = {"base_interval": retries.backoff.protobuf}
    if retries.retry_remote_localities:
        policy["retry_priority"] = typed(
            "envoy.retry_priorities.previous_priorities",
            "extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
            update_frequency=2,
        )
    return policy


def _policy(attempts: int, *, avoids_previous_hosts: bool) -> Json:
    policy: Json = {
        "retry_on": DEFAULT_RETRY_ON,
        "num_retries": attempts,
        "host_selection_retry_max_attempts": "5",
    }
    if avoids_previous_hosts:
        policy["retry_host_predicate"] = [
            typed(
                "envoy.retry_host_predicates.previous_hosts",
                "extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
            )
        ]
    return policy


def _retry_on(text: str) -> Json:
    """Status codes move to a list of their own (RE-3); alone they leave a comma in front, which Envoy skips."""
    tokens = [token for part in text.split(",") if (token := part.strip())]
    codes = [int(token) for token in tokens if token in _STATUS_CODES]
    words = [token for token in tokens if token not in _STATUS_CODES]
    retry_on = ",".join(words)
    if not codes:
        return {"retry_on": retry_on}
    if _BY_CODE not in words:
        retry_on += f",{_BY_CODE}"
    return {"retry_on": retry_on, "retriable_status_codes": codes}
