"""Nothing that a spec says in words becomes code in what is generated from it: not in Python, not in C."""

import ast
import re
from typing import Any

import pytest

from symgraph.generate import generate
from symgraph.spec.model import Model

DOCS = {
    "end of a docstring": '"""; import os; os.abort(); """',
    "end of a docstring alone": '"""',
    "single quotes": "'''; import os; '''",
    "quote at the start and the end": '"quoted" words "quoted"',
    "two quotes at the end": 'words ""',
    "backslash at the end": "words \\",
    "two backslashes at the end": "words \\\\",
    "escaped quotes": '\\"""; import os; \\"""',
    "an escape that is none": "\\N{no such name} \\x \\u \\777",
    "trigraph at the end": "words ??/",
    "trigraph of a backslash and one": "words ??/\\",
    "end of a comment in C": "*/ int injected; /*",
    "template": "{{ view }} {% raw %} {# #}",
    "newlines": "one\nimport os\r\nimport sys\x0bimport re\x0cimport io\x85a\u2028b\u2029c",
    "NUL, half a surrogate pair, and turned around": "one\0two\ud800three\u202efour\u2066five",
    "encoding": "coding=utf-7 +AAo-import os",
    "no ASCII": "it's np.inf and é字",
}


def model(doc: str, *, late: bool = False) -> Model:
    line = Model("line", doc="" if late else doc)
    if late:
        line.doc = doc
    x, y = line.feature("x"), line.target("y")
    a, b = line.weights("a b")
    line.loss((y - line.output("y_hat", a * x + b)) ** 2)
    return line


def python_code(text: str) -> list[str]:
    """The statements of a module without those that hold the words."""
    body = ast.parse(text.encode()).body
    return [ast.dump(node) for node in body[1:] if "METADATA" not in ast.unparse(node)]


def c_code(text: str) -> str:
    """Text of a file as a C compiler sees it: trigraphs replaced, lines joined, // comments gone, digests left out."""
    joined = re.sub(r"\\[ \t]*\n", "", text.replace("??/", "\\"))
    return re.sub(r"\n+", "\n", re.sub(r"//.*", "", joined))


@pytest.mark.parametrize("case", DOCS)
def test_a_line_of_documentation_adds_nothing_to_the_code(case: str) -> None:
    plain = generate(model("A line."), ("numpy", "scalar", "c"))
    for late in (False, True):  # given, or set later
        hostile = generate(model(DOCS[case], late=late), ("numpy", "scalar", "c"))
        for ours, theirs in zip(plain, hostile, strict=True):
            assert theirs.text.encode()  # a file can hold it
            if theirs.name.endswith(".py"):
                assert python_code(theirs.text) == python_code(ours.text)
                assert theirs.text.splitlines()[2].startswith('"""')
            else:
                assert c_code(theirs.text) == c_code(ours.text)
    if not {"\n", "\0"} & set(DOCS[case]):
        scope: dict[str, Any] = {"__name__": "line"}
        exec(compile(hostile[1].text, "line", "exec"), scope)
        assert scope["METADATA"]["doc"] == DOCS[case]
        assert scope["__doc__"].splitlines()[0].strip() == DOCS[case].replace('"""', "'''")


def test_ordinary_words_stay_as_they_are() -> None:
    words = 'Strömung "nach" Müller & Söhne; 50 % of 100'
    numpy, c, _ = generate(model(words), ("numpy", "c"))
    assert f'"""{words}\n' in numpy.text
    assert f"// {words}\n" in c.text
