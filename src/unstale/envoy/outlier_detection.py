"""outlierDetection: which endpoints are left out for a while (OD).

Envoy ejects on its own defaults as soon as the field is there at all, and an unset count is not the same as 0: 0
switches that kind of ejection off.
"""

from __future__ import annotations

from unstale.envoy.http_protocol_options import HttpProtocolOptions
from unstale.envoy.release import Release
from unstale.envoy.resource import Json
from unstale.istio.destination_rule import OutlierDetection


def apply_outlier_detection(
    cluster: Json, options: HttpProtocolOptions, outlier: OutlierDetection | None, release: Release
) -> None:
    """Write the settings into the cluster; without any, only the panic threshold is said."""
    threshold = outlier.min_health_percent if outlier else None
    cluster["common_lb_config"] = {}
    if outlier is not None or release.disables_panic:
        cluster["common_lb_config"]["healthy_panic_threshold"] = {"value": threshold} if threshold else {}
    if outlier is None:
        return
    cluster["outlier_detection"] = _detection(outlier)
    if outlier.outlier_detection_http_error_codes and release.matches_error_codes:
        options.error_matcher = _error_matcher(outlier.outlier_detection_http_error_codes)


def _detection(outlier: OutlierDetection) -> Json:
    value: Json = {"enforcing_success_rate": 0}
    counts = {
        "consecutive_5xx": outlier.consecutive_5xx_errors,
        "consecutive_gateway_failure": outlier.consecutive_gateway_errors,
    }
    for name, count in counts.items():
        if count is not None:
            value[name] = count
            value[f"enforcing_{name}"] = 100 if count else 0
    if outlier.interval is not None:
        value["interval"] = outlier.interval.protobuf
    if outlier.base_ejection_time is not None:
        value["base_ejection_time"] = outlier.base_ejection_time.protobuf
    if outlier.max_ejection_percent:
        value["max_ejection_percent"] = outlier.max_ejection_percent
    if outlier.split_external_local_origin_errors:
        value["split_external_local_origin_errors"] = True
        value["enforcing_local_origin_success_rate"] = 0
        if outlier.consecutive_local_origin_failures:
            value["consecutive_local_origin_failure"] = outlier.consecutive_local_origin_failures
            value["enforcing_consecutive_local_origin_failure"] = 100
    return value


def _error_matcher(codes: tuple[int, ...]) -> Json:
    """One of these answers counts as an error."""
    rules: list[Json] = [
        {
            "http_response_headers_match": {
                "headers": [{"name": ":status", "string_match": {"exact": str(code)}}],
            }
        }
        for code in codes
    ]
    return rules[0] if len(rules) == 1 else {"or_match": {"rules": rules}}
