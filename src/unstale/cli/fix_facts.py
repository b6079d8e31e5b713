"""The options that tell what is known of a host; the same for every command that writes a policy for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from unstale.model.errors import InputError

if TYPE_CHECKING:
    from unstale.remedy.facts import HostFacts, Port

_Function = TypeVar("_Function", bound=Callable[..., Any])

_SECONDS = click.FloatRange(min=0.001, max=86_400 * 366)
_OPTIONS = (
    click.option("--namespace", metavar="N", help="The namespace of new objects."),
    click.option(
        "--port",
        "ports",
        multiple=True,
        metavar="N[:PROTOCOL]",
        help="A port that applications call, as in 443:HTTPS; may be given several times. Default: 80:HTTP.",
    ),
    click.option("--ttl", type=click.FloatRange(min=0, max=86_400 * 366), metavar="S", help="The time to live in DNS."),
    click.option(
        "--addresses", type=click.IntRange(1, 10_000), metavar="N", help="How many addresses DNS answers with."
    ),
    click.option("--server-idle", type=_SECONDS, metavar="S", help="When the server or a NAT ends idle connections."),
    click.option("--server-max-age", type=_SECONDS, metavar="S", help="When the server ends connections at all."),
    click.option("--firewall-lease", type=_SECONDS, metavar="S", help="How long a firewall lets an address through."),
    click.option(
        "--firewall-hears",
        type=click.Choice(["sidecar", "application"]),
        default="sidecar",
        show_default=True,
        help="Whose look-ups the firewall learns from; application: not from those of the sidecar.",
    ),
    click.option("--latency-budget", type=_SECONDS, metavar="S", help="The longest that a caller waits. Default: 30."),
    click.option("--slowest-answer", type=_SECONDS, metavar="S", help="What a good answer takes at most."),
    click.option(
        "--idempotency-key", metavar="HEADER", help="The header with which the server knows a repeated POST again."
    ),
    click.option(
        "--originate-tls", is_flag=True, help="Applications call http://, the sidecar speaks TLS to port 443."
    ),
    click.option(
        "--envoy-filter", is_flag=True, help="Also an EnvoyFilter, which ends silent connections (an API that changes)."
    ),
)


def with_facts(function: _Function) -> _Function:
    """Add the options, read by `facts_of`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def facts_of(options: Mapping[str, Any]) -> Callable[[str], HostFacts]:
    """What was told, for any host. Raises InputError for a port or header that cannot be."""
    from dataclasses import replace

    from unstale.istio.schema import NEWEST, release_number
    from unstale.remedy.facts import Encryption, HostFacts, Port

    ports = tuple(_port(text) for text in options["ports"])
    is_originated = options["originate_tls"]
    usual = (Port(number=80, target=443),) if is_originated else (Port(number=80),)
    header = options["idempotency_key"]
    if header is not None and not _is_header(header):
        raise InputError(f"--idempotency-key: not the name of a header ({header}). Write one as idempotency-key.")
    release_number(options.get("istio") or NEWEST)
    made = HostFacts(
        host="",
        ports=ports or usual,
        namespace=options["namespace"],
        encryption=Encryption.ORIGINATED if is_originated else Encryption.NONE,
        ttl_s=options["ttl"],
        address_count=options["addresses"],
        server_idle_s=options["server_idle"],
        server_max_age_s=options["server_max_age"],
        firewall_lease_s=options["firewall_lease"],
        firewall_hears_sidecar=options["firewall_hears"] == "sidecar",
        idempotency_key=header is not None,
        idempotency_header=(header or "idempotency-key").lower(),
        slowest_answer_s=options["slowest_answer"],
        latency_budget_s=options["latency_budget"] or HostFacts(host="").latency_budget_s,
        is_patched=options["envoy_filter"],
        istio=options.get("istio") or NEWEST,
    )
    return lambda host: replace(made, host=host)


def with_answers(
    known: Callable[[str], HostFacts], hosts: tuple[str, ...], resolvers: tuple[str, ...]
) -> Callable[[str], HostFacts]:
    """The same, with what DNS answers now where nothing was told. Raises InputError where a name has no address."""
    from dataclasses import replace

    from unstale.cli.lint_dns import ask

    answers = ask(hosts, resolvers)
    for answer in answers.values():
        if not answer.addresses:
            raise InputError(f"--dns: {answer.host} has no address ({answer.status}). Give --ttl and --addresses.")

    def facts(host: str) -> HostFacts:
        found, answer = known(host), answers[host]
        return replace(
            found,
            ttl_s=answer.ttl_s if found.ttl_s is None else found.ttl_s,
            address_count=found.address_count or len(answer.ipv4 or answer.ipv6),
        )

    return facts


def refuse_host(host: str) -> None:
    """Raises InputError for what no ServiceEntry could name."""
    from unstale.remedy.facts import is_host

    if not is_host(host):
        raise InputError(f"--host: not a host name ({host}). Write one as api.example.com or *.example.com.")


def _port(text: str) -> Port:
    from unstale.envoy.protocol import Protocol, parse
    from unstale.remedy.facts import Port

    number, _, protocol = text.partition(":")
    protocol = protocol.upper() or ("HTTPS" if number == "443" else "HTTP")
    if not number.isascii() or not number.isdecimal() or not 1 <= int(number) <= 65535:
        raise InputError(f"--port: not a port ({text}). Write a number from 1 to 65535, as in 443:HTTPS.")
    if parse(protocol) is Protocol.UNSUPPORTED:
        raise InputError(f"--port: unknown protocol ({text}). Allowed: HTTP, HTTP2, GRPC, HTTPS, TLS, TCP.")
    return Port(number=int(number), protocol=protocol)


def _is_header(text: str) -> bool:
    return bool(text) and all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in text)
