"""C++ source as text: strips comments and strings, finds functions and co_await expressions.

A brace-matching heuristic, not a parser: close enough to hold a length limit, and independent of
any compiler. Everything returns 1-based line numbers of the original file.
"""

import re
from typing import Iterator, NamedTuple


class Function(NamedTuple):
    """A function definition: where it starts, how many lines it takes, the text before `{`."""

    line: int
    lines: int
    head: str


_TOKEN = re.compile(
    r"""R"(?P<delim>[^\s()\\]{0,16})\(.*?\)(?P=delim)"   # raw string
      | "(?:\\.|[^"\\\n])*"                              # string
      | (?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])*'              # character, not a digit separator
      | //(?:\\\n|[^\n])*                                # line comment
      | /\*.*?\*/                                        # block comment
    """,
    re.VERBOSE | re.DOTALL,
)


def strip_comments_and_strings(text: str) -> str:
    """`text` of the same length and with the same line breaks; comments become spaces, strings and
    characters keep their quotes only."""

    def blank(match: re.Match) -> str:
        found = match.group(0)
        spaces = re.sub(r"[^\n]", " ", found)
        if found[0] in "\"'":
            return found[0] + spaces[1:-1] + found[-1]
        if found[0] == "R":
            return ' "' + spaces[2:-1] + '"'
        return spaces

    return _TOKEN.sub(blank, text)


def strip_preprocessor(text: str) -> str:
    """Blanks #-lines with their continuations, so that macro bodies do not upset the braces."""
    blank = lambda match: re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", blank, text, flags=re.MULTILINE)


def matching_brace(text: str, opening: int) -> int:
    """Index of the bracket that closes the one at `opening`, or the end of the text."""
    pairs = {"{": "}", "(": ")", "[": "]"}
    open_char, close_char = text[opening], pairs[text[opening]]
    depth = 0
    for index in range(opening, len(text)):
        if text[index] == open_char:
            depth += 1
        elif text[index] == close_char:
            depth -= 1
            if depth == 0:
                return index
    return len(text) - 1


_SCOPE = re.compile(r"(^|\s)(namespace|extern|class|struct|union|enum)\b")
_BODY = re.compile(
    r"(\)|\}|\bconst|\bnoexcept|\boverride|\bfinal|\bmutable|\btry|&|"
    r"->\s*[\w:<>,&*\s]+|\brequires\b.*)\s*$",
    re.DOTALL,
)


def _brace_kind(head: str) -> str:
    """What the `{` after `head` opens: scope, function, initializer (of a member), or value."""
    plain = head.strip()
    has_parameters = "(" in plain
    if _SCOPE.search(plain) and not re.search(r"\)\s*(const|noexcept|override|\s)*$", plain):
        return "scope"
    if not has_parameters:
        return "value"
    without_operators = re.sub(r"operator\s*[=!<>]+|[=!<>]=|\[[^\]]*\]", "", plain)
    before_parameters = without_operators.split("(", 1)[0]
    if "=" in before_parameters:
        return "value"
    if re.search(r"\)\s*(noexcept\s*)?:(?!:)", plain) and re.search(r"[\w>]\s*$", plain):
        return "initializer"
    return "function" if _BODY.search(plain) else "value"


def functions(stripped: str) -> Iterator[Function]:
    """Function definitions at namespace and class scope. Lambdas count to the function they are
    in; tables (`= {...}`) are no functions."""
    text = strip_preprocessor(stripped)
    head_start = index = 0
    while index < len(text):
        char = text[index]
        if char in ";}":
            head_start = index + 1
        elif char == ":" and re.search(r"\b(public|private|protected)\s*$", text[head_start:index]):
            head_start = index + 1
        elif char == "(":
            index = matching_brace(text, index)
        elif char == "{":
            head = text[head_start:index]
            kind = _brace_kind(head)
            if kind == "scope":
                head_start = index + 1
            else:
                closing = matching_brace(text, index)
                if kind == "function":
                    start = head_start + len(head) - len(head.lstrip())
                    first = text.count("\n", 0, start) + 1
                    last = text.count("\n", 0, closing) + 1
                    yield Function(first, last - first + 1, " ".join(head.split()))
                    head_start = closing + 1
                index = closing
        index += 1


def _expression_end(text: str, start: int) -> int:
    """Where the expression that begins at `start` ends: `;`, or a bracket or comma outside it."""
    depth = 0
    for index in range(start, len(text)):
        char = text[index]
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth < 0:
                return index
        elif depth == 0 and char in ";,":
            return index
    return len(text)


def await_faults(stripped: str) -> Iterator[tuple[int, str]]:
    """What GCC 12 compiles wrongly inside one co_await expression: lambdas with captures and
    braced temporaries or lists; and a co_await that is an arm of a conditional, whose result it
    frees too early. Gives the line and what stands there."""
    for match in re.finditer(r"\bco_await\b", stripped):
        end = _expression_end(stripped, match.end())
        fault = _await_fault(stripped[match.end() : end])
        statement = re.split(r"[;{}]", stripped[: match.start()])[-1]
        if "?" in statement and re.search(r"(\?|(?<!:):)\s*$", statement):
            fault = "an arm of a conditional"
        if fault:
            yield stripped.count("\n", 0, match.start()) + 1, fault


def _await_fault(expression: str) -> str | None:
    index = 0
    while index < len(expression):
        char = expression[index]
        before = expression[:index].rstrip()
        if char == "[" and not re.search(r"[\w)\]]$", before):
            closing = matching_brace(expression, index)
            if expression[index + 1 : closing].strip():
                return "a lambda with captures"
            index = _skip_lambda(expression, closing)
            continue
        if char == "{" and not re.search(r"std::chrono::\w+$", before):
            return "a braced temporary or list"
        index += 1
    return None


def _skip_lambda(expression: str, introducer_end: int) -> int:
    """Index behind the body of the captureless lambda whose `[]` ends at `introducer_end`."""
    body = expression.find("{", introducer_end)
    return len(expression) if body < 0 else matching_brace(expression, body) + 1
