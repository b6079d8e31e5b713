"""Stale connections to external hosts: reproduce the failure, apply a fix, prove it on a real Envoy."""

__version__ = "0.1.0"
