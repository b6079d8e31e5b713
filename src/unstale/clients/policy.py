"""Which connection may carry a request, when it must be retired, and whether a failed exchange may be repeated.

A client cannot see that the other end is about to hang up: between the server's decision and the arrival of its FIN a
request can be sent into the void. So the decision has to be made from what is known beforehand: age, idle time against
the server's limit, the DNS answer, and how the address behaved lately. Pure: every fact is an argument, the clock too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

# RFC 9110, 9.2.2: methods whose intended effect is the same for several identical requests as for one.
IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})

# RFC 9110, 9.2.1: methods that ask for nothing to be changed; what is cut on suspicion must be one of them.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# A bound on the announced idle time-out that a client must stay below; one second covers the way of the last request.
IDLE_MARGIN_S = 1.0

# A server that stops closes connections whatever their idle time; closings sooner than this teach nothing (a guess).
SHORTEST_OBSERVED_IDLE_S = 1.0
OBSERVATION_LASTS_S = 600.0

# A server may take so many times as long as its slowest answer of the last minutes before its silence says anything.
SLOWEST_TIMES = 2

# DNS is asked at least this often while a repeat waits for it.
LONGEST_PAUSE_S = 1.0


class Retirement(StrEnum):
    """Why a connection takes no further request."""

    LEFT_DNS = "address left DNS"
    MAX_AGE = "maximum age"
    IDLE = "idle limit"
    MAX_REQUESTS = "maximum requests"
    SUSPECT = "address failed"
    SILENT = "address silent"
    FAILED = "exchange failed"
    CLOSED_BY_PEER = "closed by the server"


class Cut(StrEnum):
    """How far a failed exchange came."""

    NEVER_SENT = "no connection"
    CONNECT_TIMED_OUT = "no connection in time"
    UNANSWERED = "cut before the answer"
    SIDECAR_503 = "503 of the sidecar"
    ANSWERED = "cut within the answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failed exchange, and what is known when the question is whether to send it again.

    `sends` counts how often the request was handed to a server, this time included, and `tries` the further attempts
    that it has had, `since_first_s` the time since its first failure. `was_good` says that the host answered some time
    before, `has_other_address` that DNS offers an address that did not fail just now, `has_good_address` that it offers
    one that is new since the first failure or has answered a later request. `dns_changes_in_s` is when the answer that
    DNS gave after the failure may be replaced: zero or less if that has been, infinite if it will not be.
    """

    cut: Cut
    method: str
    has_idempotency_key: bool
    is_replayable: bool
    was_reused: bool
    was_good: bool
    has_other_address: bool
    has_good_address: bool = False
    dns_changes_in_s: float = math.inf
    sends: int = 0
    tries: int = 0
    since_first_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The limits of one transport; seconds end in `_s`, None means without limit.

    `max_age_s=0` makes short-lived connections: one request each. `max_idle_s` stays below the five seconds after
    which Node.js, Apache httpd and uvicorn close by default; a shorter limit is learnt, a longer one is not used.
    `user_timeout_s` is TCP_USER_TIMEOUT: how long sent data may stay unacknowledged before the peer counts as dead.
    `overdue_s` is how long a safe request (GET) may go on waiting for its answer on a connection whose address has left
    DNS or failed others, or says nothing to anybody and never was so slow; then it is cut, to be repeated elsewhere.
    `repeats_sidecar_503` takes an Envoy sidecar's own 503 to a plain request for the cut that it stands for.
    `max_repeats` is how often a request is sent again that may have run: once, for a client "SHOULD NOT automatically
    retry a failed automatic retry" (RFC 9110, 9.2.2). `max_tries` bounds the attempts of one that no server got, and of
    an idempotent one that the sidecar answered itself: there the peer lives, and says that it lacks a way.
    """

    max_age_s: float | None = 300.0
    max_age_jitter: float = 0.2
    max_idle_s: float | None = 4.0
    max_requests: int | None = None
    max_repeats: int = 1
    max_tries: int = 5
    repeat_within_s: float = 5.0
    repeat_base_s: float = 0.25
    repeat_ratio: float = 0.2
    repeat_burst: float = 100.0
    repeats_sidecar_503: bool = True
    suspect_s: float = 10.0
    connect_timeout_s: float = 5.0
    attempt_delay_s: float = 0.25
    keepalive_s: int = 10
    user_timeout_s: float = 4.0
    overdue_s: float | None = 4.0

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise ValueError(f"Policy: {name} is negative ({value}). Give 0 or more.")
        if self.max_age_jitter > 1:
            raise ValueError(f"Policy: max_age_jitter is above one ({self.max_age_jitter}). Give a ratio from 0 to 1.")
        if self.max_requests == 0:
            raise ValueError("Policy: max_requests is zero (0). Give 1 or more, or None.")

    def expires_at(self, opened_at: float, spread: float) -> float:
        """When a connection is too old: its maximum age less up to `max_age_jitter` of it, `spread` being 0..1."""
        if self.max_age_s is None:
            return math.inf
        return opened_at + self.max_age_s * (1 - self.max_age_jitter * spread)

    def idle_limit_s(self, announced_s: float | None, observed_s: float | None) -> float:
        """How long a connection may idle: below its own limit and below both that are known of the server."""
        limit_s = math.inf if self.max_idle_s is None else self.max_idle_s
        for server_s in (announced_s, observed_s):
            if server_s is not None:
                limit_s = min(limit_s, server_s - min(IDLE_MARGIN_S, server_s / 2))
        return limit_s

    def longest_silence_s(self, slowest_s: float) -> float:
        """How long an address may say nothing at all while safe requests wait for it, if it was known to be so slow."""
        return math.inf if self.overdue_s is None else max(self.overdue_s, SLOWEST_TIMES * slowest_s)

    def is_last(self, requests: int) -> bool:
        """True if a connection that has taken so many requests takes no further one."""
        return self.max_requests is not None and requests >= self.max_requests

    def why_retired(self, *, now: float, expires_at: float, requests: int) -> Retirement:
        """Why a connection that may carry no further request is retired."""
        if self.is_last(requests):
            return Retirement.MAX_REQUESTS
        return Retirement.MAX_AGE if now >= expires_at else Retirement.IDLE

    def is_suspect(self, failed_at: float | None, now: float) -> bool:
        """True while an address that failed is tried last."""
        return failed_at is not None and now < failed_at + self.suspect_s

    def earn(self, tokens: float) -> float:
        """The repeat budget after one more request."""
        return min(self.repeat_burst, tokens + self.repeat_ratio)

    def pause_before_repeat(self, failure: Failure, *, tokens: float, spread: float) -> float | None:
        """Seconds until the next look: 0 is "send it now", None "never", else wait, ask DNS anew and ask again.

        What no server got is tried again until `max_tries`. What a server may have run is sent again `max_repeats`
        times, and only if running it twice does no harm (RFC 9110, 9.2.2, or an Idempotency-Key). Since that one repeat
        is all there is, it waits until DNS has had the chance to name another address, as far as the time allows.
        """
        if tokens < 1 or not failure.is_replayable or failure.since_first_s > self.repeat_within_s:
            return None
        if failure.cut is Cut.UNANSWERED:
            is_left = failure.sends <= self.max_repeats
            return self._pause_sent(failure, spread) if is_left and _is_idempotent(failure) else None
        if failure.cut is Cut.ANSWERED or failure.tries >= self.max_tries:
            return None
        if failure.cut is Cut.SIDECAR_503:
            return self._pause_answered(failure, spread) if self.max_repeats and _is_idempotent(failure) else None
        return self._pause_never_sent(failure, spread)

    def _pause_sent(self, failure: Failure, spread: float) -> float | None:
        if failure.has_good_address:
            return 0.0
        left_s = self.repeat_within_s - failure.since_first_s
        may_move = failure.was_reused or failure.was_good
        if may_move and 0 < failure.dns_changes_in_s <= left_s:
            return min(self._backoff_s(failure.since_first_s, spread), LONGEST_PAUSE_S, failure.dns_changes_in_s)
        # A new connection that is cut at the only address is the server's own fault, and told.
        return 0.0 if failure.was_reused or failure.has_other_address else None

    def _pause_answered(self, failure: Failure, spread: float) -> float | None:
        if failure.tries == 0 and (failure.has_good_address or failure.has_other_address):
            return 0.0
        if failure.tries == 0 and not failure.was_good:
            return None
        # The sidecar answers at once, so looking often costs little, and a last look is worth the rest of the time.
        left_s = self.repeat_within_s - failure.since_first_s
        return min(self._backoff_s(failure.since_first_s, spread), LONGEST_PAUSE_S, left_s)

    def _pause_never_sent(self, failure: Failure, spread: float) -> float | None:
        if failure.cut is Cut.CONNECT_TIMED_OUT and not failure.has_other_address:
            # The caller has waited as long as it wanted to; only an address that was not tried is worth more.
            return None
        if failure.tries == 0 and failure.has_other_address:
            return 0.0
        if failure.tries == 0 and not failure.was_good:
            return None
        pause_s = self._backoff_s(failure.since_first_s, spread)
        return pause_s if failure.since_first_s + pause_s <= self.repeat_within_s else None

    def _backoff_s(self, waited_s: float, spread: float) -> float:
        # As long again as it has taken so far, which doubles from look to look whatever the attempts themselves took.
        return max(self.repeat_base_s, waited_s) * (0.5 + spread)


def _is_idempotent(failure: Failure) -> bool:
    return failure.method in IDEMPOTENT_METHODS or failure.has_idempotency_key


def is_sidecar_503(status: int, scheme: str, server: str | None, service_time: str | None) -> bool:
    """True if a sidecar answered in the place of a server that hung up or could not be reached.

    Envoy answers such a plain request with 503 itself. It puts `server: envoy` into every answer, its own too, and
    `x-envoy-upstream-service-time` only into those that came from the server (Envoy, "HTTP header manipulation").
    """
    return status == 503 and scheme == "http" and server == "envoy" and service_time is None


def announced_idle_s(keep_alive: str | None) -> float | None:
    """The server's idle time-out in a `Keep-Alive: timeout=5, max=100` header, None if there is none."""
    for part in (keep_alive or "").split(","):
        name, _, value = part.partition("=")
        if name.strip().lower() == "timeout" and value.strip().isdecimal():
            return float(value)
    return None


def observed_idle_s(known_s: float | None, known_at: float, idle_s: float, now: float) -> float | None:
    """What is known of the server's idle limit after it closed a connection that had idled `idle_s`.

    The smallest of the last ten minutes stands: the closing may have been seen late, never early.
    """
    is_known = known_s is not None and now < known_at + OBSERVATION_LASTS_S
    if idle_s < SHORTEST_OBSERVED_IDLE_S:
        return known_s if is_known else None
    return min(known_s, idle_s) if known_s is not None and is_known else idle_s


def in_order(addresses: tuple[str, ...], suspects: frozenset[str]) -> tuple[str, ...]:
    """Addresses in the order in which to try them: families in turn (RFC 8305, 4), suspects last."""
    good = [address for address in addresses if address not in suspects]
    bad = [address for address in addresses if address in suspects]
    return (*_interleaved(good), *_interleaved(bad))


def _interleaved(addresses: list[str]) -> list[str]:
    v6 = [address for address in addresses if ":" in address]
    v4 = [address for address in addresses if ":" not in address]
    pairs = zip(v6, v4, strict=False)
    both = [address for pair in pairs for address in pair]
    return [*both, *v6[len(v4) :], *v4[len(v6) :]]
