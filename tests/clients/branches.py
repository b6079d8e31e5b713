"""Which branches of a module its tests take, without a coverage tool: each conditional jump must go both ways.

Run as a program: MODULE.py TEST.py. It runs the tests with every instruction of the module traced, and prints one line
for each conditional jump that was never reached or always went the same way. Stricter than branches by line: the parts
of `a and b` count one by one.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest


class Jumps:
    """The instruction that followed each one, by code object, of all frames of one file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._last: dict[FrameType, int] = {}
        self.codes: set[CodeType] = set()
        self.taken: set[tuple[CodeType, int, int]] = set()

    def trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != self._path:
            return None
        frame.f_trace_opcodes = True
        self.codes.add(frame.f_code)
        if event == "opcode":
            if (last := self._last.get(frame)) is not None:
                self.taken.add((frame.f_code, last, frame.f_lasti))
            self._last[frame] = frame.f_lasti
        elif event == "return":
            self._last.pop(frame, None)
        return self.trace


def conditional(code: CodeType) -> Iterator[dis.Instruction]:
    """The instructions after which there are two ways to go on."""
    for instruction in dis.get_instructions(code):
        is_jump = "JUMP" in instruction.opname and "_IF_" in instruction.opname
        if is_jump or instruction.opname == "FOR_ITER":
            yield instruction


def all_codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and those of its functions, classes and comprehensions."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from all_codes(constant)


def missing(jumps: Jumps, source: str, path: str) -> list[str]:
    """One line for each conditional jump that did not go both ways."""
    taken: dict[tuple[str, int, int], set[int]] = {}
    for code, before, after in jumps.taken:
        taken.setdefault((code.co_qualname, code.co_firstlineno, before), set()).add(after)
    lines = []
    for code in all_codes(compile(source, path, "exec", dont_inherit=True)):
        for jump in conditional(code):
            ways = taken.get((code.co_qualname, code.co_firstlineno, jump.offset), set())
            if len(ways) < 2:
                line = jump.positions.lineno if jump.positions else code.co_firstlineno
                lines.append(f"{path}:{line}: {code.co_qualname}: {len(ways)} of 2 ways of {jump.opname}")
    return lines


def main(path: str, tests: str) -> int:
    path = str(Path(path).resolve())
    source = Path(path).read_text(encoding="utf-8")
    jumps = Jumps(path)
    sys.settrace(jumps.trace)
    try:
        failed = pytest.main(["-q", "-p", "no:cacheprovider", "--no-header", tests])
    finally:
        sys.settrace(None)
    lines = missing(jumps, source, path)
    print("\n".join(lines))
    return 1 if failed or lines or not jumps.codes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
