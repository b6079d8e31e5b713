"""The running proxy: a real Envoy beside the application, driven over delta ADS.

Decisions are pure (`bootstrap`, `local`, the rules of `capture`, `xds.state`); the doors are few: gRPC and protobuf
only in `xds`, subprocesses only in `process`, `binary` and `capture`, the admin interface only in `admin`.
"""
