"""Istio's releases, by what they make differently of the same manifests.

Outputs of 1.28 to 1.32 were compared field by field; for 1.24 to 1.27 the last patch release's source speaks.
"""

from __future__ import annotations

from dataclasses import dataclass

NEWEST = "1.32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release; `minor` is the number behind `1.`."""

    minor: int

    def __str__(self) -> str:
        return f"1.{self.minor}"

    @property
    def disables_panic(self) -> bool:
        """No cluster falls back to bad endpoints, whatever their share; before 1.31 only with outlier detection."""
        return self.minor >= 31

    @property
    def tracks_remaining(self) -> bool:
        """Envoy counts what is left of every limit."""
        return self.minor <= 28

    @property
    def looks_up_exact_hosts(self) -> bool:
        """A Sidecar that names all its hosts in full finds the oldest definition of each only (SC-4)."""
        return self.minor >= 31

    @property
    def knows_excluded_hosts(self) -> bool:
        """`~namespace/host` among the hosts of a Sidecar excludes."""
        return self.minor >= 31

    @property
    def knows_absolute_names(self) -> bool:
        """Requests may name a host with a dot at its end."""
        return self.minor >= 27

    @property
    def spreads_dns_queries(self) -> bool:
        """Look-ups are jittered, and a resolver socket is given up after a hundred of them."""
        return self.minor >= 25

    @property
    def allocates_addresses(self) -> bool:
        """Hosts without an address get one that the mesh chose, from the status of their ServiceEntry."""
        return self.minor >= 25

    @property
    def races_addresses(self) -> bool:
        """The connect strategy of a ServiceEntry's annotation is followed."""
        return self.minor >= 30

    @property
    def looks_up_wildcards(self) -> bool:
        """DYNAMIC_DNS has a cluster; before, its routes and chains led nowhere."""
        return self.minor >= 30

    @property
    def looks_up_by_own_family(self) -> bool:
        """Such look-ups ask for the addresses that the pod can use; 1.30 asks for IPv4."""
        return self.minor >= 31

    @property
    def ranks_dns_endpoints(self) -> bool:
        """failoverPriority ranks the endpoints of DNS hosts too."""
        return self.minor >= 30

    @property
    def budgets_subsets(self) -> bool:
        """A retry budget survives where a subset has a policy of its own."""
        return self.minor >= 29

    @property
    def merges_detected_chains(self) -> bool:
        """Of two hosts whose protocol is detected on one listener the younger one's connections are taken too."""
        return self.minor >= 32

    @property
    def limits_accepts(self) -> bool:
        """virtualOutbound takes one connection at a time off its socket."""
        return self.minor >= 26

    @property
    def limits_bound_accepts(self) -> bool:
        """Listeners that open a port by themselves do so too."""
        return self.minor >= 28

    @property
    def upgrades_detected(self) -> bool:
        """A rule's h2UpgradePolicy holds for detected protocols and over options of HTTP/1.1 too."""
        return self.minor <= 27

    @property
    def keeps_header_case(self) -> bool:
        """preserveHttp1HeaderCase is applied."""
        return self.minor >= 25

    @property
    def keeps_passed_header_case(self) -> bool:
        """The same for hosts that no manifest names."""
        return self.minor >= 28

    @property
    def tells_forwarded_host(self) -> bool:
        """xForwardedHost and xForwardedPort are applied."""
        return self.minor >= 28

    @property
    def keeps_mirrored_host(self) -> bool:
        """The host of a mirrored request has no `-shadow` at its end."""
        return self.minor >= 28

    @property
    def inspects_tls_for_http(self) -> bool:
        """The TLS inspector stands before every HTTP inspector."""
        return self.minor <= 24

    @property
    def trusts_config_maps(self) -> bool:
        """credentialName may be a ConfigMap without naming the pods that use it."""
        return self.minor >= 26

    @property
    def has_mesh_defaults(self) -> bool:
        """MeshConfig's defaultTrafficPolicy and connectionSettings, and hosts looked up on the way, are known."""
        return self.minor >= 31

    @property
    def matches_error_codes(self) -> bool:
        """outlierDetectionHttpErrorCodes are applied; 1.31 knows the field and does nothing with it."""
        return self.minor >= 32

    @property
    def distributes_traffic(self) -> bool:
        """The traffic-distribution annotation of a ServiceEntry is followed."""
        return self.minor >= 25

    @property
    def prefers_zones(self) -> bool:
        """That annotation knows zones and nodes; before, one value that ended at the sub-zone."""
        return self.minor >= 27

    @property
    def budget_percent(self) -> float:
        """The share of a retry budget that names none; the first release with budgets took a fraction for per cent."""
        return 20 if self.minor >= 28 else 0.2

    def dynamic_lookup_family(self, own: str) -> str:
        """The addresses that the look-up of a dynamic host asks for."""
        return own if self.looks_up_by_own_family else "V4_ONLY"


def parse_release(text: str) -> Release:
    """`1.30`; what the loader has accepted."""
    return Release(minor=int(text.partition(".")[2]))
