"""One pod's configuration from a few manifests, for tests of what scopes and patches it."""

from __future__ import annotations

from typing import Any

from unstale.envoy.compile import Compiled
from unstale.envoy.compile import compile as compile_manifests
from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Kind
from unstale.istio.load import load
from unstale.istio.source import Source


def compiled(*objects: str, proxy: Proxy | None = None, istio: str = "1.32") -> Compiled:
    """Objects are YAML without the apiVersion."""
    text = "\n---\n".join(_versioned(one.strip("\n")) for one in objects)
    return compile_manifests(load([Source(name="a.yaml", text=text)]), proxy=proxy or Proxy(), istio=istio)


def _versioned(text: str) -> str:
    """EnvoyFilter has never left its first version."""
    version = "v1alpha3" if text.startswith("kind: EnvoyFilter") else "v1"
    return f"apiVersion: networking.istio.io/{version}\n{text}"


def value(result: Compiled, kind: Kind, name: str) -> dict[str, Any]:
    """The resource, which must be there."""
    found = result.resources.find(kind, name)
    assert found is not None, f"{name} is not among {names(result, kind)}"
    return found.value


def names(result: Compiled, kind: Kind) -> list[str]:
    """The names of all resources of a kind, in their order."""
    return [resource.name for resource in result.resources.of(kind)]


def hosts(result: Compiled, route: str) -> list[str]:
    """The virtual hosts of a route configuration."""
    return [host["name"] for host in value(result, Kind.ROUTE, route)["virtual_hosts"]]


def warnings(result: Compiled) -> list[str]:
    """Their texts."""
    return [str(warning) for warning in result.warnings]
