# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the wording of documentation, messages, docstrings, comments, task names and identifiers.

CONTRIBUTING.md has the style guide.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml
from markdown_it import MarkdownIt

from tests.tools.sanity import tracked_files

ROOT = Path(__file__).resolve().parents[2]
# Binary, generated or somebody else's text, and the two files that are about bad wording.
SKIPPED_SUFFIXES = {".csv", ".pem", ".png", ".svg"}
SKIPPED = {"CHANGELOG.md", "LICENSE", "tests/tools/style.py", "tests/unit/test_style.py"}
CODE = "…"


class Rule(NamedTuple):
    """Words to avoid. A space in a pattern matches any white space."""

    name: str
    pattern: str
    advice: str
    # Contexts in which the words are right.
    exceptions: str = r"(?!)"


class Violation(NamedTuple):
    """A place in a file that breaks a rule."""

    path: str
    line: int
    rule: Rule
    excerpt: str


RULES = (
    Rule(
        "is no",
        r"(?:is|are|was|were) no",
        "negate the verb: 'is not a …'",
        r"there (?:is|are|was|were) no|no (?:better|faster|fewer|less|longer|more than|slower|worse)",
    ),
    Rule("there is no day", r"there is no (?:day|time (?:…|\d))", "'… is not a valid date'"),
    Rule("is none of", r"(?:is|are) none of", "'must be one of …'", r"there (?:is|are) none"),
    Rule("has no … that is", r"has no \w+ that is", "'… must be …'"),
    Rule("What", r"(?-i:What) [^?.]*\.(?=\s|$)", "begin the sentence with a noun"),
    Rule("mistake", r"mistakes?", "'error'"),
    Rule("mend", r"mend(?:s|ed|ing)?", "'fix'"),
    Rule("gives", r"gives", "'returns', 'prints', 'makes'", r"gives up"),
    Rule("one a line", r"one an? (?:file|host|line|page|row)", "'one per line'"),
    Rule("belongs into", r"belongs? into", "'belongs in'"),
    Rule("whoever", r"whoever", "name the person: 'the administrator'"),
    Rule("beside", r"beside", "'next to', 'with', 'in addition to', 'compared with'"),
    Rule("on the way", r"on the way", "say where or when"),
    Rule("stands", r"stands?", "'is', 'is listed'", r"stands? (?:alone|for|in for|out)"),
    Rule("speaks of", r"speaks? (?:like|of)", "'mentions', 'refers to', 'behaves like'"),
    Rule("comes to", r"comes? to", "'is', 'reaches'", r"it comes to"),
    Rule("some hundredths", r"some (?:hundredths|tenths|thousandths)", "'a few hundredths'"),
    Rule("which else", r"(?:that|which|who) else", "'otherwise'"),
    Rule("that there are", r"that there (?:is|are)(?=\W*(?:$|[.,;:]))", "name the set: 'known kinds'"),
    Rule("of which there", r"of which there", "'without …', 'that has …'"),
    Rule("a newest", r"a newest", "'the newest releases'"),
    Rule("has an end", r"has an end", "state the limit"),
    Rule("nothing that a", r"nothing that an?", "say what is done: 'all … are …'"),
    Rule(
        "metaphor",
        r"crews?|doors?|houses?|papers|roofs?|rooms?|wishes|workshops?",
        "use the usual term",
        r"(?:with room|room (?:for|more))",
    ),
    Rule("as it says", r"as it says|the same holds|taken? back", "repeat the fact, or link to it; 'revoke' a token"),
    Rule("cure", r"cures?", "'fix'"),
)


def compiled(words: str) -> re.Pattern:
    """Return a pattern for whole words."""
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)".replace(" ", r"\s+"), re.IGNORECASE)


PATTERNS = [(rule, compiled(rule.pattern), compiled(rule.exceptions)) for rule in RULES]


def matches(text: str) -> Iterator[tuple[Rule, re.Match]]:
    """Find the words in a text that break a rule."""
    for rule, pattern, exceptions in PATTERNS:
        # Blanks keep the positions in the text.
        rest = exceptions.sub(lambda match: " " * len(match[0]), text)
        yield from ((rule, match) for match in pattern.finditer(rest))


def markdown_texts(text: str) -> Iterator[tuple[int, str]]:
    """Yield paragraphs, headings and cells without code, and the code blocks."""
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "inline":
            parts = (
                "\n" if one.type.endswith("break") else CODE if one.type == "code_inline" else one.content
                for one in token.children
            )
            yield token.map[0] + 1, "".join(parts)
        elif token.type == "fence":
            texts = yaml_texts if token.info == "yaml" else other_texts
            yield from ((token.map[0] + 1 + line, part) for line, part in texts(token.content))


def python_texts(text: str) -> Iterator[tuple[int, str]]:
    """Yield strings, comments and the words of identifiers."""
    tree = ast.parse(text)
    inner = {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in ast.walk(tree):
        if node in inner:
            continue
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(part.value if isinstance(part, ast.Constant) else CODE for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    yield 1, comments({token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT})
    names = {token.string: token.start[0] for token in reversed(tokens) if token.type == tokenize.NAME}
    yield from ((line, words(name)) for name, line in names.items())


def yaml_texts(text: str) -> Iterator[tuple[int, str]]:
    """Yield keys, values and comments."""
    rest = text
    for token in yaml.scan(text):
        if isinstance(token, yaml.ScalarToken):
            yield token.start_mark.line + 1, token.value
            start, end = token.start_mark.index, token.end_mark.index
            rest = rest[:start] + re.sub(r"[^\n]", " ", rest[start:end]) + rest[end:]
    lines = enumerate(rest.splitlines(), 1)
    yield 1, comments({number: line[line.index("#") :] for number, line in lines if "#" in line})


def other_texts(text: str) -> Iterator[tuple[int, str]]:
    """Yield the whole text, without what begins a line of a comment."""
    yield 1, re.sub(r"^[ \t]*(?:#+|//|/?\*+)", "", text, flags=re.MULTILINE)


def comments(lines: dict[int, str]) -> str:
    """Return comments as one text, each in its line."""
    return "\n".join(lines.get(number, "").lstrip("# ") for number in range(1, max(lines, default=0) + 1))


def words(name: str) -> str:
    """Return the words of a name in any case."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_\W]+", " ", name)


READERS = {".md": markdown_texts, ".py": python_texts, ".yaml": yaml_texts, ".yml": yaml_texts}


def violations(path: str, text: str) -> list[Violation]:
    """Return the violations in a file, its name included."""
    found = []
    read = READERS.get(Path(path).suffix, other_texts)
    for start, whole in [(1, words(Path(path).stem)), *read(text)]:
        for paragraph in re.finditer(r"(?:.*\S.*\n?)+", whole):
            for rule, match in matches(paragraph[0]):
                position = paragraph.start() + match.start()
                excerpt = " ".join(whole[max(0, position - 30) : position + 60].split())
                found.append(Violation(path, start + whole.count("\n", 0, position), rule, excerpt))
    return sorted(found)


def all_violations() -> list[Violation]:
    """Return the violations in the repository."""
    paths = [path for path in tracked_files() if path not in SKIPPED and Path(path).suffix not in SKIPPED_SUFFIXES]
    return [violation for path in paths for violation in violations(path, (ROOT / path).read_text(encoding="utf-8"))]


def main() -> int:
    """Print the violations."""
    found = all_violations()
    for path, line, rule, excerpt in found:
        print(f"{path}:{line}: '{rule.name}' in \"{excerpt}\": {rule.advice}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
