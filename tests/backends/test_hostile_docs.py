"""Nothing that a spec says in words becomes code in what is generated from it: not in Python, not in C."""

import ast
import re

import pytest

from symgraph.generate import generate
from symgraph.spec.model import Model

DOCS = {
    "end of a docstring": '"""; import os; os.abort(); """',
    "end of a docstring alone": '"""',
    "single quotes": "'''; import os; '''",
    "quote at the start": '"quoted" words',
    "quote at the end": 'words "quoted"',
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
    "NUL": "one\0two",
    "half a surrogate pair": "one\ud800two",
    "turned around": "one\u202etwo\u2066three",
    "encoding": "coding=utf-7 +AAo-import os",
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


@pytest.mark.parametrize("late", [False, True], ids=["given", "set later"])
@pytest.mark.parametrize("case", DOCS)
def test_a_line_of_documentation_adds_nothing_to_the_code(case: str, late: bool) -> None:
    plain = generate(model("A line."), ("numpy", "scalar", "c"))
    hostile = generate(model(DOCS[case], late=late), ("numpy", "scalar", "c"))
    for ours, theirs in zip(plain, hostile, strict=True):
        assert theirs.text.encode()  # a file can hold it
        if theirs.name.endswith(".py"):
            assert python_code(theirs.text) == python_code(ours.text)
            assert theirs.text.splitlines()[2].startswith('"""')
        else:
            assert c_code(theirs.text) == c_code(ours.text)


def test_ordinary_words_stay_as_they_are() -> None:
    words = 'Strömung "nach" Müller & Söhne; 50 % of 100'
    numpy, c, _ = generate(model(words), ("numpy", "c"))
    assert f'"""{words}\n' in numpy.text
    assert f"// {words}\n" in c.text
