"""Istio's resources to Envoy's: what the control plane would send to one sidecar's outbound path.

Pure: manifests, a proxy and the mesh's settings go in, listeners, routes, clusters and endpoints come out, each as the
JSON form of Envoy's own protobuf (snake_case) and with the places in the manifests that made it. Istio's telemetry
filters are left out. One concern a module; `compile.py` puts them together.
"""
