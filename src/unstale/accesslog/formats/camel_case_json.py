"""JSON access logs with keys in camel case: responseCodeDetails, responseFlags."""

from __future__ import annotations

import re

from unstale.accesslog.json_format import JsonFormat

FORMAT = JsonFormat(name="JSON, camel case keys", mark=re.compile(r"\A[a-z]+[A-Z]"))
