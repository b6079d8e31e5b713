"""JSON access logs with short keys of one's own: rc, rf, rcd, proto."""

from __future__ import annotations

import re

from unstale.accesslog.json_format import JsonFormat

FORMAT = JsonFormat(name="JSON, short keys", mark=re.compile(r"\A(?:rc|rf|rcd|utfr)\Z"))
