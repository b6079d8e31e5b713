"""The file of a pod: where it runs and what its proxy says of itself."""

from __future__ import annotations

import pytest

from unstale.istio.proxy_config import EnabledHeader
from unstale.istio.proxy_file import ProxyFile, load_proxy
from unstale.istio.source import Source
from unstale.model.errors import ManifestError

TEXT = """\
namespace: shop
labels: {app: web}
addresses: [10.0.0.10, "2001:db8::10"]
locality: eu/eu-1/a
metadata:
  DNS_CAPTURE: "true"
  ENVOY_STATUS_PORT: 15021
  HTTP10: true
  PROXY_CONFIG:
    concurrency: 2
    proxyHeaders: {xForwardedHost: {enabled: true}}
"""


def _proxy(text: str) -> ProxyFile:
    return load_proxy(Source(name="proxy.yaml", text=text))


def test_everything_is_read() -> None:
    proxy = _proxy(TEXT)

    assert (proxy.namespace, proxy.locality) == ("shop", "eu/eu-1/a")
    assert proxy.labels == {"app": "web"}
    assert proxy.addresses == ("10.0.0.10", "2001:db8::10")
    assert proxy.metadata == {"DNS_CAPTURE": "true", "ENVOY_STATUS_PORT": "15021", "HTTP10": "true"}
    assert proxy.proxy_config is not None and proxy.proxy_config.proxy_headers is not None
    assert proxy.proxy_config.proxy_headers.x_forwarded_host == EnabledHeader(enabled=True)


@pytest.mark.parametrize("text", ["", "{}", "metadata: {}"])
def test_what_is_not_said_is_left_to_the_caller(text: str) -> None:
    assert _proxy(text) == ProxyFile()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name_space: a", 'proxy.yaml:1:1: unknown field in the proxy file (name_space). Did you mean "namespace"?'),
        ("namespace: a.b", "proxy.yaml:1:12: namespace is no namespace (a.b)"),
        ("addresses: [10.0.0.256]", "proxy.yaml:1:13: address is no IP address (10.0.0.256)"),
        ("locality: a/b/c/d", "proxy.yaml:1:11: locality has more than three parts (a/b/c/d)"),
        ("labels: {a: 1}", "proxy.yaml:1:13: value in labels is a number (1)"),
        ("metadata:\n  PROXY_CONFIG: {concurency: 2}", "proxy.yaml:2:18: unknown field in PROXY_CONFIG (concurency)"),
        ("[]", "proxy.yaml:1:1: the file is no map of a proxy"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(text: str, told: str) -> None:
    with pytest.raises(ManifestError) as error:
        _proxy(text)

    assert told in str(error.value)
