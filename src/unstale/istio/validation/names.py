"""Names and addresses: hosts, labels, subnets, gateways, as Istio accepts them.

Each function returns what is wrong, an empty text if nothing is. Istio's own rules are looser than DNS (any case, one
label of digits alone) and tighter than Python's `ipaddress` (no netmasks, no leading zeros), so both are spelled out.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

_GENERATED = "outbound_"
_FEWEST_PARTS = 3
_LABEL = re.compile(r"[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?", re.ASCII)
_WILDCARD_LABEL = re.compile(r"\*|(\*|\*-)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?", re.ASCII)
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", re.ASCII)
_PREFIX_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}", re.ASCII)
LONGEST_LABEL = 63
LONGEST_DOMAIN = 255
_LONGEST_PREFIX = 253

A_LABEL = f"Letters, digits and inner hyphens, at most {LONGEST_LABEL}."
A_HOST = "Write a DNS name."
A_WILDCARD_HOST = "Write a DNS name; a * may stand at its very start."
AN_ADDRESS = "Write an IPv4 or IPv6 address."
A_SUBNET = "Write an address, or a subnet such as 10.0.0.0/8."


def is_label(text: str) -> bool:
    """Whether a text is one DNS label."""
    return len(text) <= LONGEST_LABEL and _LABEL.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def fqdn_fault(domain: str) -> str:
    """A DNS name without wildcard."""
    return _size_fault(domain) or _labels_fault(domain)


@lru_cache(maxsize=4096)
def wildcard_domain_fault(domain: str) -> str:
    """A DNS name whose first label may be, or begin with, a star."""
    if fault := _size_fault(domain):
        return fault
    first, dot, rest = domain.partition(".")
    if len(first) > LONGEST_LABEL or not _WILDCARD_LABEL.fullmatch(first):
        return f'has a wrong label "{first[:LONGEST_LABEL]}"'
    return _labels_fault(rest) if dot else ""


def gateway_domain_fault(domain: str, *, has_sni: bool) -> str:
    """As `wildcard_domain_fault`, but with SNI hosts a generated name such as `outbound_.80_._.a.b` is allowed."""
    if has_sni and domain.startswith(_GENERATED):
        return _size_fault(domain) or ("" if _is_generated(domain) else f'has a wrong label "{_GENERATED}"')
    return wildcard_domain_fault(domain)


def is_address(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def subnet_fault(text: str) -> str:
    """An address, or an address and a prefix length."""
    if text.count("/") != 1:
        return "" if is_address(text) else "is no IP address"
    address, _, length = text.partition("/")
    if "%" in address or not is_address(address) or not _PREFIX_LENGTH.fullmatch(length):
        return "is no subnet"
    bits = ipaddress.ip_address(address).max_prefixlen
    return "" if int(length) <= bits else f"has a prefix longer than {bits} bits"


def unix_path_fault(path: str) -> str:
    """The path of a Unix domain socket, abstract ones (`@name`) included."""
    if path.startswith("@"):
        return ""
    return "" if path.startswith("/") and not path.endswith("/") else "is no absolute path of a file"


def label_key_fault(key: str) -> str:
    """The key of a Kubernetes label."""
    prefix, slash, name = key.rpartition("/")
    if slash and (len(prefix) > _LONGEST_PREFIX or not all(map(_LABEL.fullmatch, prefix.split(".")))):
        return "has a prefix that is no DNS name"
    return "" if len(name) <= LONGEST_LABEL and _QUALIFIED.fullmatch(name) else "is no label key"


def label_value_fault(value: str) -> str:
    """The value of a label that selects endpoints; an empty one is allowed, and one of any length."""
    good = not value or _QUALIFIED.fullmatch(value)
    return "" if good else "is no label value"


def _covers(wide: str, narrow: str) -> bool:
    if not wide.startswith("*"):
        return wide == narrow
    return narrow.removeprefix("*").endswith(wide[1:])


def is_subset(host: str, of: str) -> bool:
    """Whether every name that `host` stands for is one of those that `of` stands for."""
    if host.startswith("*") and not of.startswith("*"):
        return False
    return _covers(of, host) and (not host.startswith("*") or len(host) >= len(of))


def _size_fault(domain: str) -> str:
    if not domain:
        return "is empty"
    return (
        f"is longer than {LONGEST_DOMAIN} characters"
        if len(domain.encode(errors="surrogatepass")) > LONGEST_DOMAIN
        else ""
    )


def _labels_fault(domain: str) -> str:
    labels = domain.split(".")
    if _INTEGER.fullmatch(labels[-1]):
        return "ends in a label of digits alone"
    if labels[-1] == "" and len(labels) > 1:
        labels.pop()
    for label in labels:
        if not is_label(label):
            return f'has a wrong label "{label[:LONGEST_LABEL]}"'
    return ""


def _is_generated(domain: str) -> bool:
    """Parts between underscores: a port with a digit in it, anything, and a host with a letter in it."""
    parts = domain.split("_")
    return (
        len(parts) > _FEWEST_PARTS
        and re.search(r"[0-9]", parts[1].strip("."), re.ASCII) is not None
        and re.search(r"[a-zA-Z]", parts[3].strip("."), re.ASCII) is not None
    )
