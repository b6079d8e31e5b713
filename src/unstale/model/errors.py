"""One error class for each thing a caller may do differently."""

from __future__ import annotations

from collections.abc import Iterable

from unstale.model.problem import Problem


class UnstaleError(Exception):
    """Base of all errors that are told to the user as one message, never as a traceback."""


class InputError(UnstaleError):
    """What the user gave cannot be used (exit code 2)."""


class ManifestError(InputError):
    """One or more manifests are wrong; all problems of one run together."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[ManifestError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class MachineError(UnstaleError):
    """This machine lacks a permission, a program or room to do the work (exit code 3)."""


class ProxyError(UnstaleError):
    """The proxy did not start, or ended when it should not have (exit code 3)."""
