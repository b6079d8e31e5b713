from __future__ import annotations

import pytest

from unstale.envoy.retry import DEFAULT_RETRY_ON, retry_policy
from unstale.istio.duration import Duration
from unstale.istio.virtual_service import HTTPRetry

PREVIOUS_HOSTS = "retry_host_predicate"


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [(None, None), (0, None), (1, 1), (2, 2)],
    ids=["RE-2 unset", "RE-2 zero", "RE-9 one", "RE-9 two"],
)
def test_attempts_are_retries_and_none_switches_them_off(attempts: int | None, expected: int | None) -> None:
    policy = retry_policy(HTTPRetry(attempts=attempts))
    assert (policy and policy["num_retries"]) == expected


@pytest.mark.parametrize(
    ("retry_on", "expected", "codes"),
    [
        (None, DEFAULT_RETRY_ON, None),
        ("", DEFAULT_RETRY_ON, None),
        ("reset, connect-failure", "reset,connect-failure", None),
        ("503", ",retriable-status-codes", [503]),
        ("reset,503,429", "reset,retriable-status-codes", [503, 429]),
        ("retriable-status-codes,503", "retriable-status-codes", [503]),
        ("999", "999", None),
    ],
)
def test_status_codes_move_to_their_own_list(  # RE-3
    retry_on: str | None, expected: str, codes: list[int] | None
) -> None:
    policy = retry_policy(HTTPRetry(attempts=1, retry_on=retry_on))
    assert policy is not None
    assert policy["retry_on"] == expected
    assert policy.get("retriable_status_codes") == codes


@pytest.mark.parametrize(
    ("ignores", "is_hashed", "expected"),
    [
        (None, False, True),
        (None, True, False),
        (True, True, True),
        (False, False, False),
    ],
)
def test_previous_hosts_are_avoided_unless_a_hash_or_the_manifest_says_otherwise(  # RE-5
    ignores: bool | None, is_hashed: bool, expected: bool
) -> None:
    policy = retry_policy(HTTPRetry(attempts=1, retry_ignore_previous_hosts=ignores), is_hashed=is_hashed)
    assert policy is not None
    assert (PREVIOUS_HOSTS in policy) is expected


def test_the_remaining_fields_are_copied() -> None:  # RE-4, RE-5
    policy = retry_policy(
        HTTPRetry(
            attempts=3,
            per_try_timeout=Duration.parse("250ms"),
            backoff=Duration.parse("40ms"),
            retry_remote_localities=True,
        )
    )
    assert policy is not None
    assert policy["per_try_timeout"] == "0.250s"
    assert policy["retry_back_off"] == {"base_interval": "0.040s"}
    assert policy["retry_priority"]["typed_config"]["update_frequency"] == 2


def test_no_word_about_retries_is_the_default() -> None:  # RE-1
    policy = retry_policy(None)
    assert policy is not None
    assert (policy["retry_on"], policy["num_retries"]) == (DEFAULT_RETRY_ON, 2)
    assert PREVIOUS_HOSTS in policy
    assert PREVIOUS_HOSTS not in (retry_policy(None, is_hashed=True) or {})
