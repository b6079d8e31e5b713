"""Workloads: when requests are due. One a file, each with `WORKLOAD`."""
