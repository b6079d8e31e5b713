"""Envoy Gateway's default JSON: header names as keys (user-agent, x-request-id) among Envoy's own."""

from __future__ import annotations

import re

from unstale.accesslog.json_format import JsonFormat

FORMAT = JsonFormat(name="Envoy Gateway JSON", mark=re.compile(r"\A(?::authority|user-agent|x-[a-z-]+)\Z"))
