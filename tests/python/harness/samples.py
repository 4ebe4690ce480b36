"""The samples of a page of the documentation, run in order as a reader would.

- A block with ``title="path"``, or whose first line is a comment with a path, is a file. Python
  ones are run as well.
- ``shell`` blocks are commands, ``console`` blocks commands after ``$`` and what they print, if
  that is shown. A command may fail only where ``echo $?`` follows.
- In Python, ``expression  # text`` says what the expression gives: its ``str`` or its ``repr``.
- A ``text`` block titled "Output" is what the block before it prints.

Seconds, rates and the instant at the end of a line differ each time and are not compared; a line
``...`` stands for any lines.
"""

import ast
import contextlib
import io
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

Run = Callable[[list[str]], tuple[int, str]]
"""Runs one command of a shell; exit code, and all that it printed."""

_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')
_COMMENT = re.compile(r"(?:#|--) (\S+\.\w+)\n")


class Sample(NamedTuple):
    """One block of a page, with the number of its first line."""

    line: int
    language: str
    title: str
    text: str


def samples(page: Path) -> Iterator[Sample]:
    content = page.read_text()
    for found in _BLOCK.finditer(content):
        language, options, text = found.groups()
        title = _TITLE.search(options) or _COMMENT.match(text)
        line = content.count("\n", 0, found.start()) + 1
        yield Sample(line, language, title[1] if title else "", text)


def play(page: Path, run: Run, replaced: Mapping[str, str]) -> None:
    """Run the samples of a page in this folder; AssertionError at the first that differs from it.

    ``replaced`` maps what is shown, such as an address, to what there is.
    """
    printed = ""
    for shown in samples(page):
        sample = shown._replace(text=_mapped(shown.text, replaced))
        wrong: Iterable[str] = ()
        if sample.title == "Output":
            wrong = [] if matches(sample.text, printed) else [f"prints\n{printed}"]
        elif sample.language == "python":
            printed, wrong = _python(sample.text, page.name)
        elif sample.language in ("shell", "console"):
            wrong = _shell(sample, run)
        elif sample.title:
            file = Path(sample.title)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(sample.text)
        else:
            wrong = ["nothing runs this sample"]
        for one in wrong:
            raise AssertionError(f"{page.name}:{sample.line}: {one}")


def _mapped(text: str, replaced: Mapping[str, str]) -> str:
    for shown, there_is in replaced.items():
        text = text.replace(shown, there_is)
    return text


def _shell(sample: Sample, run: Run) -> Iterator[str]:
    session = sample.language == "console"
    code, printed = 0, ""
    for command, expected in _commands(sample.text, session=session):
        if command == ["echo", "$?"]:
            code, printed = 0, f"{code}\n"
        elif code:
            break
        else:
            code, printed = run(command)
        if expected.strip() and not matches(expected, printed):
            yield f"{shlex.join(command)} prints\n{printed}"
    if code:
        yield f"a command ended with exit code {code}\n{printed}"


def _commands(text: str, *, session: bool) -> Iterator[tuple[list[str], str]]:
    """Each command with the text that is shown behind it."""
    if session:
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            yield shlex.split(command, comments=True), expected
    else:
        for command in text.splitlines():
            yield shlex.split(command, comments=True), ""


def _python(text: str, name: str) -> tuple[str, list[str]]:
    """What a script prints, and where an expression gives something else than its comment says."""
    wrong: list[str] = []
    lines = text.splitlines()
    names: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()) as output:
        for statement in ast.parse(text).body:
            comment = lines[(statement.end_lineno or 0) - 1].partition("  # ")[2]
            if isinstance(statement, ast.Expr) and comment:
                code = compile(ast.Expression(statement.value), name, "eval")
                value = eval(code, names)  # noqa: S307 - text of this repository
                if comment not in (str(value), repr(value)):
                    wrong.append(f"{ast.unparse(statement)} is {value!r}, not {comment}")
            else:
                code = compile(ast.Module([statement], []), name, "exec")
                exec(code, names)  # noqa: S102 - text of this repository
    return output.getvalue(), wrong


def matches(expected: str, printed: str) -> bool:
    """Whether a text is what was printed, but for times, trailing blanks and ``...``."""
    parts = [_steady(part) for part in re.split(r"^\.\.\.$", expected, flags=re.MULTILINE)]
    pattern = r"(?:.*\n)*?".join(re.escape(part) for part in parts)
    return re.fullmatch(pattern, _steady(printed)) is not None


def _steady(text: str) -> str:
    """The text without what differs from run to run."""
    lines = [line.rstrip() for line in text.splitlines()]
    whole = "\n".join(line for line in lines if line)
    whole = re.sub(r"^\d\d:\d\d:\d\d  ", "", whole, flags=re.MULTILINE)
    whole = re.sub(r"[\d.]+ s(?: \([\d,]+ rows/s\))?, ", "TIME, ", whole)
    whole = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d$", "INSTANT", whole, flags=re.MULTILINE)
    return f"{whole}\n" if whole else ""
