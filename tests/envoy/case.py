"""A case: manifests, and what Istio's own control plane made of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from unstale.envoy.compile import Compiled
from unstale.envoy.compile import compile as compile_manifests
from unstale.envoy.mesh import MeshConfig, OutboundTrafficPolicy
from unstale.envoy.proxy import Proxy
from unstale.istio.duration import Duration
from unstale.istio.load import load
from unstale.istio.source import Source
from unstale.istio.virtual_service import HTTPRetry

FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One folder of `cases`."""

    folder: Path

    @property
    def rule_id(self) -> str:
        """`rt-02-same-vip` is `RT-2-same-vip`, as the rules are named."""
        head, _, rest = self.folder.name.partition("-")
        number, dash, name = rest.partition("-")
        if number.isdigit() and dash and head != "random":
            return f"{head.upper()}-{int(number)}-{name}"
        return self.folder.name

    def compiled(self) -> Compiled:
        """What this project makes of it."""
        text = (self.folder / "manifests.yaml").read_text()
        manifests = load([Source(name="manifests.yaml", text=text)])
        return compile_manifests(manifests, proxy=self._proxy(), mesh=self._mesh())

    def expected(self) -> dict[str, list[Any]]:
        """What Istio made of it."""
        shared = json.loads((FOLDER / "shared.json").read_text())
        expanded: dict[str, list[Any]] = _expand(json.loads((self.folder / "expected.json").read_text()), shared)
        return expanded

    def _proxy(self) -> Proxy:
        settings = self._settings("proxy.yaml")
        return Proxy(
            namespace=settings.get("namespace", "default"),
            labels=settings.get("labels", {}),
            locality=settings.get("locality", ""),
        )

    def _mesh(self) -> MeshConfig:
        """The few settings that cases use."""
        settings = self._settings("mesh.yaml")
        fields: dict[str, Any] = {}
        if "outboundTrafficPolicy" in settings:
            fields["outbound_traffic_policy"] = OutboundTrafficPolicy(settings["outboundTrafficPolicy"]["mode"])
        if "connectTimeout" in settings:
            fields["connect_timeout"] = Duration.parse(settings["connectTimeout"])
        if "protocolDetectionTimeout" in settings:
            fields["protocol_detection_timeout"] = Duration.parse(settings["protocolDetectionTimeout"])
        if "localityLbSetting" in settings:
            fields["is_locality_lb_enabled"] = settings["localityLbSetting"]["enabled"]
        if "defaultHttpRetryPolicy" in settings:
            retries = settings["defaultHttpRetryPolicy"]
            fields["default_http_retry_policy"] = HTTPRetry(attempts=retries["attempts"], retry_on=retries["retryOn"])
        return MeshConfig(**fields)

    def _settings(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        return dict(yaml.safe_load(path.read_text())) if path.exists() else {}


CASES = [Case(folder=path.parent) for path in sorted(FOLDER.glob("*/expected.json"))]


def _expand(value: Any, shared: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_expand(item, shared) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"$shared"}:
        return shared[value["$shared"]]
    return {key: _expand(item, shared) for key, item in value.items()}
