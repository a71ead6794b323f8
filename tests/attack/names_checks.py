"""What texts must not do to a file: each format read by a parser that knows nothing of symgraph."""

import ast
import os
import re
import shlex
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

from cases import Outcome
from names_texts import MARK
from verdicts import is_control

Check = Callable[[Path, Outcome], str]
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_FORBIDDEN = {"iframe", "object", "embed", "base", "marquee", "applet", "frame", "foreignobject"}


def first(*told: str) -> str:
    """Return the first fault of several answers."""
    return next((one for one in told if one), "")


def controls(text: str, where: str) -> str:
    """Tell of signs that a terminal or an editor obeys."""
    found = sorted({f"U+{ord(sign):04X}" for sign in set(text) if is_control(sign)})
    return f"{', '.join(found[:5])} in {where}" if found else ""


def read(path: Path) -> str:
    """Return the text of a file, which must be UTF-8."""
    return path.read_bytes().decode()


def python(text: str, where: str = "Python") -> str:
    """Tell what is wrong with a text of Python: it must parse, hold no control signs, and call nothing of the attack."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        return f"{where}: {error}"
    if any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open" for node in ast.walk(tree)
    ):
        return f"{where} calls open"
    return controls(text, where)


def skeleton(text: str) -> str:
    """Return what a text of Python does, without its docstrings, digests and what its metadata repeat of them."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
        if isinstance(node, ast.Dict):
            keys = [ast.literal_eval(key) if isinstance(key, ast.Constant) else None for key in node.keys]
            node.values = [ast.Constant(0) if key == "doc" else value for key, value in zip(keys, node.values, strict=True)]
    return re.sub(r"sha256:[0-9a-f]+", "", ast.dump(tree))


def c(folder: Path, name: str) -> str:
    """Tell what a C compiler says of a file, which is asked for no code."""
    flags = ["-std=c99", "-Wall", "-Wno-unused", "-Wbidi-chars=any", "-Wtrigraphs", "-Werror", "-fsyntax-only"]
    told = subprocess.run(["gcc", *flags, name], cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    lines = [line for line in told.stderr.splitlines() if "error" in line or "warning" in line]
    return f"C: {lines[0][:200] if lines else told.stderr[:200]}" if told.returncode else controls(read(folder / name), name)


def code_of_c(text: str) -> str:
    """Return a text of C without the lines that are comments."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))


def xml(text: str, shown: str = "", where: str = "XML") -> str:
    """Tell what is wrong with a picture: it must be XML without scripts and handlers, and show a text."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        return f"{where}: {error}"
    for element in root.iter():
        tag = str(element.tag).rpartition("}")[2].lower()
        if told := _bad_element(tag, [name.rpartition("}")[2] for name in element.attrib], list(element.attrib.values())):
            return f"{where}: {told}"
        if tag == "script":
            return f"{where}: a script"
    if shown and squeezed(shown) not in squeezed(" ".join(root.itertext())):
        return f"{where} does not show {shown[:60]!r}"
    return ""


def _bad_element(tag: str, names: list[str], values: list[str | None]) -> str:
    if MARK in tag or tag in _FORBIDDEN:
        return f"a tag {tag[:40]}"
    for name, value in zip(names, values, strict=True):
        if MARK in name or name.lower().startswith("on"):
            return f"an attribute {name[:40]} of {tag[:40]}"
        if re.match(r"\s*(javascript|vbscript|data:text/html)", value or "", re.IGNORECASE):
            return f"{name} of {tag} runs code"
    return ""


class _Page(HTMLParser):
    """Collects what a page has."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.told = ""
        self.open: list[str] = []
        self.shown: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.told = self.told or _bad_element(tag, [name for name, _ in attrs], [value for _, value in attrs])
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.told = self.told or _bad_element(tag, [name for name, _ in attrs], [value for _, value in attrs])

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.told = self.told or f"</{tag[:40]}> ends nothing"

    def handle_data(self, data: str) -> None:
        (self.scripts if self.open and self.open[-1] == "script" else self.shown).append(data)

    def handle_comment(self, data: str) -> None:
        if MARK in data:
            self.told = self.told or "a comment of the attack"

    def handle_pi(self, data: str) -> None:
        self.told = self.told or f"an instruction {data[:40]}"

    def unknown_decl(self, data: str) -> None:
        self.told = self.told or f"a declaration {data[:40]}"


def html(text: str, shown: str = "", where: str = "HTML", scripts: bool = False) -> str:
    """Tell what is wrong with a page: tags that do not match, or that came from a text; scripts unless a page has its own."""
    page = _Page()
    page.feed(text)
    page.close()
    if page.told or page.open:
        return f"{where}: {page.told or f'{page.open[-1]} never ends'}"
    if (page.scripts and not scripts) or any(f"{MARK}()" in one and "<" in one for one in page.scripts):
        return f"{where}: a script"
    if shown and squeezed(shown) not in squeezed("".join(page.shown)):
        return f"{where} does not show {shown[:60]!r}"
    return ""


def dot(text: str, where: str = "DOT") -> str:
    """Tell what is wrong with a graph for Graphviz: all that is no word of the language stands in strings or comments."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/', '""', text, flags=re.DOTALL)
    if '"' in bare.replace('""', "") or bare.count("{") != bare.count("}"):
        return f"{where}: a string without an end"
    if MARK in bare or "<" in bare:
        return f"{where}: a text outside of strings"
    return controls(text, where)


_MERMAID = re.compile(
    r'\s*(?:flowchart LR|n\d+[\[({]*"[^"\n]*"[\])}]*(?::::\w+)?|n\d+ [-=.>]+(?:\|[^|\n]*\|)? ?n\d+|classDef [^\n"]*'
    r'|class [^\n"]*'
    r"|linkStyle [^\n\"]*|%%[^{\n]*|---|title: [^\n]*|)"
)


def mermaid(text: str, where: str = "Mermaid") -> str:
    """Tell what is wrong with a graph for Mermaid: each line is a node with a quoted text, an edge or a style."""
    for line in text.split("\n"):
        if not _MERMAID.fullmatch(line):
            return f"{where}: a line {line[:80]!r}"
        if re.search(r"<(?!br/?>)", line):
            return f"{where}: a tag in {line[:80]!r}"
    return controls(text, where)


def latex(text: str, where: str = "LaTeX") -> str:
    """Tell what is wrong with a text of LaTeX: groups and environments that do not match, or commands of the attack."""
    bare = re.sub(r"(?<!\\)%[^\n]*", "", re.sub(r"\\[\\{}%$#&_]", "", text))
    if bare.count("{") != bare.count("}"):
        return f"{where}: groups do not match"
    if re.findall(r"\\begin\{(\w+\*?)\}", bare) != re.findall(r"\\end\{(\w+\*?)\}", bare):
        return f"{where}: environments do not match"
    if found := re.search(r"\\(input|include|write\d*|openin|openout|csname|catcode|def|read)\b", bare):
        return f"{where}: {found[0]}"
    return controls(text, where)


def squeezed(text: str) -> str:
    """Return a text without its blanks, which a layout may change."""
    return re.sub(r"\s+", "", text)


def hints(outcome: Outcome, *paths: str) -> str:
    """Tell if a ``next:`` line would run something else in a shell, or if none of them names a path for it."""
    seen: set[bytes] = set()
    for line in outcome.err.split(b"\n"):
        if not line.startswith(b"next: "):
            continue
        rest = line.removeprefix(b"next: ")
        with tempfile.TemporaryDirectory() as place:
            command = [b"bash", b"--norc", b"-c", b"printf '%s\\0' " + rest]
            told = subprocess.run(command, cwd=place, capture_output=True, stdin=subprocess.DEVNULL, check=False)
            if told.returncode or told.stderr or any(Path(place).iterdir()):
                return f"a shell does more with {rest[:200]!r}"
            words = told.stdout.split(b"\0")
        if b"$'" not in rest and shlex.split(rest.decode(errors="surrogateescape")) != [os.fsdecode(one) for one in words[:-1]]:
            return f"no words: {rest[:200]!r}"
        seen |= set(words)
    missed = [path for path in paths if not any(os.fsencode(path) in word for word in seen)]
    return f"no next: line has {missed[0]!r}" if missed and seen else ""


def refused(*names: str, out: bool = True) -> Check:
    """Return a check that a command wrote nothing, and named some things in what it said."""

    def check(folder: Path, outcome: Outcome) -> str:
        said = outcome.err.decode(errors="replace")
        if outcome.code != 2:
            return f"exit status {outcome.code} where it must be refused"
        if outcome.new:
            return f"wrote {sorted(outcome.new)[:3]} though it refused"
        if out and outcome.out:
            return "stdout has something though it refused"
        missed = [name for name in names if name not in said]
        return f"the error does not name {missed[0]!r}" if missed else ""

    return check
