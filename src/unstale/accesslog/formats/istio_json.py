"""Istio's JSON access logs (accessLogEncoding: JSON), old and new.

Old ones write every value as a string and `-` for nothing, and have istio_policy_status; new ones type the values,
write null, and have the details."""

from __future__ import annotations

import re

from unstale.accesslog.json_format import JsonFormat

FORMAT = JsonFormat(name="Istio JSON", mark=re.compile(r"\A(?:response_flags|response_code|response_code_details)\Z"))
