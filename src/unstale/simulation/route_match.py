"""Whether a route takes a request, and if not, what of its match says no."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from unstale.envoy.resource import Json
from unstale.re2.syntax import ExpressionError
from unstale.simulation.call import Request
from unstale.simulation.string_match import fits, is_regex_match, words

_UNDECIDED = ("runtime_fraction", "tls_context", "dynamic_metadata", "filter_state", "connect_matcher")
_LEGACY = {"exact_match": "exact", "prefix_match": "prefix", "suffix_match": "suffix", "contains_match": "contains"}


def mismatch(match: Json, request: Request) -> str:
    """The first thing that does not fit, in words; empty where the route takes the request."""
    return next(_mismatches(match, request), "")


def undecided(match: Json) -> tuple[str, ...]:
    """What of the match depends on more than the request; it is taken to hold."""
    return tuple(name for name in _UNDECIDED if name in match)


def sanitized(path: str) -> str:
    """The path that matches look at: without query and fragment."""
    return path.partition("#")[0].partition("?")[0]


def query_parameters(path: str) -> dict[str, str]:
    """By name, not decoded; of several with one name the first."""
    found: dict[str, str] = {}
    for pair in path.partition("#")[0].partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        if name:
            found.setdefault(name, value)
    return found


def _mismatches(match: Json, request: Request) -> Iterator[str]:
    if "grpc" in match and not (request.header("content-type") or "").startswith("application/grpc"):
        yield "the request is not gRPC"
    if not _path_fits(match, sanitized(request.path)):
        yield f"path {_path_words(match)}"
    for header in match.get("headers", ()):
        if not header_fits(header, request):
            yield f"header {_named(header)}"
    parameters = query_parameters(request.path)
    for parameter in match.get("query_parameters", ()):
        if not _parameter_fits(parameter, parameters):
            yield f"query parameter {_named(parameter)}"


def _path_fits(match: Json, path: str) -> bool:
    folds = match.get("case_sensitive") is False
    for kind, test in _PATHS.items():
        if kind in match:
            wanted = str(match[kind])
            return test(path.lower(), wanted.lower()) if folds else test(path, wanted)
    if "safe_regex" in match:
        return _regex(match["safe_regex"], path)
    return True


def _path_words(match: Json) -> str:
    if "safe_regex" in match:
        return f"matches {match['safe_regex'].get('regex', '')}"
    kind = next((kind for kind in _PATHS if kind in match), "path")
    return f"{'is' if kind == 'path' else 'starts with'} {match.get(kind, '')}"


def header_fits(matcher: Json, request: Request) -> bool:
    """A missing header fits nothing but "is missing", inverted or not, unless it is to count as empty.

    Of several headers of one name any may fit, as since Envoy 1.39 (before, they were one text joined by commas).
    """
    values = request.values(matcher["name"].lower())
    is_inverted = bool(matcher.get("invert_match"))
    if not values and matcher.get("treat_missing_header_as_empty"):
        values = ("",)
    wanted = _string_matcher(matcher)
    if wanted is None and "range_match" not in matcher:
        is_wanted = matcher.get("present_match", True) is not is_inverted
        return bool(values) is is_wanted
    if not values:
        return False
    if wanted is None:
        is_fitting = any(_in_range(matcher["range_match"], value) for value in values)
    else:
        is_fitting = any(_string(wanted, value) for value in values)
    return is_fitting is not is_inverted


def _string_matcher(matcher: Json) -> Json | None:
    if "string_match" in matcher:
        found: Json = matcher["string_match"]
        return found
    if "safe_regex_match" in matcher:
        return {"safe_regex": matcher["safe_regex_match"]}
    return next(({kind: matcher[old]} for old, kind in _LEGACY.items() if old in matcher), None)


def _in_range(limits: Json, value: str) -> bool:
    try:
        return int(limits.get("start", 0)) <= int(value) < int(limits.get("end", 0))
    except ValueError:
        return False


def _parameter_fits(matcher: Json, parameters: dict[str, str]) -> bool:
    value = parameters.get(matcher["name"])
    if "string_match" in matcher:
        return value is not None and _string(matcher["string_match"], value)
    return (value is not None) is bool(matcher.get("present_match", True))


def _named(matcher: Json) -> str:
    wanted = _string_matcher(matcher)
    if "range_match" in matcher:
        text = f"is in [{matcher['range_match'].get('start', 0)}, {matcher['range_match'].get('end', 0)})"
    elif wanted is not None:
        text = words(wanted)
    else:
        text = "is present" if matcher.get("present_match", True) else "is missing"
    return f"{matcher['name']} {'not: ' if matcher.get('invert_match') else ''}{text}"


def _string(matcher: Json, value: str) -> bool:
    try:
        return fits(matcher, value)
    except ExpressionError:
        return False


def _regex(matcher: Json, text: str) -> bool:
    try:
        return is_regex_match(matcher, text)
    except ExpressionError:
        return False


def _below(path: str, wanted: str) -> bool:
    """A prefix that ends where a segment ends."""
    return path == wanted or path.startswith(f"{wanted}/")


_PATHS: dict[str, Callable[[str, str], bool]] = {
    "path": str.__eq__,
    "prefix": str.startswith,
    "path_separated_prefix": _below,
}
