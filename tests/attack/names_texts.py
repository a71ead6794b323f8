"""Texts that somebody may give for a name, a label, a path or a description, by what they attack."""

from collections.abc import Mapping
from types import MappingProxyType

from cases import CANARY, PAYLOAD

MARK = "attackedtag"
"""Tag of the elements, and beginning of the attributes, that texts try to bring into a page."""

TERMINAL: Mapping[str, str] = MappingProxyType(
    {
        "colour": "\x1b[31mred\x1b[0m",
        "clears": "\x1b[2J\x1b[H",
        "title": "\x1b]0;owned\x07",
        "clipboard": "\x1b]52;c;cm0gLXJmIC4=\x07",
        "link": "\x1b]8;;http://example.org\x1b\\here\x1b]8;;\x1b\\",
        "bell": "ring\x07",
        "csi of C1": "\x9b31mred",
        "osc of C1": "\x9d0;owned\x9c",
        "backspace": "right\x08\x08\x08\x08\x08wrong",
        "return": "error\rright",
        "newline": "a\nnext: rm -rf .",
        "lines": "\n".join(["a"] * 50),
        "form feed": "a\x0bb\x0cc",
        "separators": "a\x1cb\x1db\x1eb\x1fb",
        "nul": "a\x00b",
        "delete": "a\x7fb",
        "override": "\u202egnp.exe\u202c",
        "isolate": "\u2067a\u2069 b \u2066c",
        "marks": "a\u200eb\u200fc\u061cd",
        "line separator": "a\u2028b",
        "paragraph": "a\u2029b",
        "next line": "a\x85b",
        "surrogate": "a\ud800b",
        "byte": "a\udcffb",
        "escape as bytes": "a\udc9bb",
    }
)
"""What a terminal may obey, or a file cannot hold."""

CODE: Mapping[str, str] = MappingProxyType(
    {
        "docstring ends": f'"""\n{PAYLOAD}\n"""',
        "docstring ends in a line": f'"""; {PAYLOAD}; """',
        "apostrophes end": f"'''; {PAYLOAD}; '''",
        "string ends": f'"; {PAYLOAD}; "',
        "name ends": f'a", init=1.0); {PAYLOAD}  # ',
        "comment ends by a line": f"a\n{PAYLOAD}\n",
        "comment ends by a return": f"a\r{PAYLOAD}\r",
        "comment ends by a form feed": f"a\x0c{PAYLOAD}",
        "last quote": 'a"',
        "last backslash": "a\\",
        "backslashes": "\\\\\\",
        "name of a sign": "\\N{BULLET} \\N{no such sign} \\u12 \\x1 \\777",
        "escapes as text": "\\x1b[31m \\u202e \\n",
        "f-string": "{" + PAYLOAD + "}",
        "fields": "{} {0} {0.__class__.__mro__} {name!r:>99999999}",
        "template": "{{ 7*7 }} {% raise %} ${7*7} #{7*7}",
        "percent": "%s %n %(name)s %99999999d %",
        "comment of C ends": f'*/ int {CANARY}; /* #error "',
        "comment of C begins": "/* a",
        "line of C goes on": "a \\",
        "trigraph": "a ??/",
        "macro": "#include </etc/passwd>",
        "call of a shell": f"$(touch {CANARY})",
        "backquotes": f"`touch {CANARY}`",
        "end of a command": f"a; touch {CANARY}",
        "pipe": f"a | touch {CANARY} && touch {CANARY}",
        "redirection": f"a > {CANARY}",
        "apostrophe of a shell": f"a'; touch {CANARY}; '",
        "option": "--help",
        "stars": "* ? [a-z] ~ !!",
    }
)
"""What Python, C or a shell may run, or stumble over."""

PAGES: Mapping[str, str] = MappingProxyType(
    {
        "tag": f"<{MARK} {MARK}=1>",
        "script": f"<script>{MARK}()</script>",
        "title ends": f"</title><script>{MARK}()</script>",
        "style ends": f"</style><{MARK}>",
        "script ends": f"</script><{MARK}>",
        "attribute ends": f'" {MARK}="1" onload="{MARK}()',
        "attribute ends by an apostrophe": f"' {MARK}='1' onload='{MARK}()",
        "attribute and tag end": f'"><{MARK} x="',
        "CDATA ends": f"]]><{MARK}/>",
        "CDATA": f"<![CDATA[<{MARK}>]]>",
        "comment ends": f"--><{MARK}>",
        "comment begins": "<!-- a",
        "entity": "&lt;b&gt; &unknown; &#27; &#x202e; &",
        "entities": '<!DOCTYPE a [<!ENTITY b "bbbb">]>&b;',
        "instruction": f"<?xml version='9.9'?><?{MARK}?>",
        "not in XML": "a\ufffeb\uffff",
        "link of Markdown": f"[a](javascript:{MARK}) ![b](http://{MARK}.example)",
        "table of Markdown": "a | b\n--- | ---\n# c",
        "code of Markdown": "``` ` ~~~",
        "file of LaTeX": "\\input{/etc/passwd} \\write18{touch " + CANARY + "}",
        "end of LaTeX": "}\\end{align*}\\relax $$ $",
        "signs of LaTeX": "a_b^c & 5 % # ~ \\ { } $x$",
        "node of DOT": f'"]; {MARK} [label="',
        "escape of DOT": f'\\"]; {MARK} [label=\\"',
        "DOT's HTML": f"<<b>{MARK}</b>>",
        "node of Mermaid": f'"]; click n0 "javascript:{MARK}()"; n9["',
        "directive of Mermaid": '%%{init: {"securityLevel": "loose"}}%%',
        "end of Mermaid": "end\nsubgraph a",
        "string of JSON": f'", "{MARK}": "',
        "formula of a sheet": "=cmd|' /C calc'!A0",
        "formula with @": "@SUM(1+1)*cmd",
        "cells": 'a,b;c\td"e""f',
        "markup of rich": "[red]a[/red] [/] [link=http://example.org]b[/link]",
    }
)
"""What SVG, HTML, LaTeX, DOT, Mermaid, JSON, a table or a formatter of terminals may take for its own."""

SIZES: Mapping[str, str] = MappingProxyType(
    {
        "empty": "",
        "blank": " ",
        "blanks": " \t\u00a0\u3000",
        "no width": "\u200b\u2060\ufeff",
        "1,000 signs": "a" * 1000,
        "a megabyte": "a" * 10**6,
        "a megabyte of words": "word " * 200_000,
        "a megabyte of escapes": "\x1b[31m" * 200_000,
        "a megabyte of tags": f"<{MARK}>" * 80_000,
        "accents": "a" + "\u0301" * 5000,
    }
)
"""Nothing, and too much."""

TEXTS: Mapping[str, str] = MappingProxyType({**TERMINAL, **CODE, **PAGES, **SIZES})

HONEST: Mapping[str, str] = MappingProxyType(
    {
        "units": "Größe in µm: 100 % (±5 °C)",
        "comparison": "a < b & c > d, so a && d",
        "possessive": "Newton's law: \"it's\" 'cooling'",
        "path of Windows": "C:\\new\\table\\users.csv",
        "formula": "y ~ a*exp(-k*x) /* no comment */ // none",
        "percents": "100 %s of {x} in {{y}}",
        "Greek": "Σφάλμα της μέτρησης",
        "Chinese": "指数衰减模型",
        "Arabic": "نموذج الاضمحلال الأسي",
        "Hebrew": "דעיכה מעריכית",
        "emoji": "decay 🙂 of 👩‍🔬's samples",
        "dollars": "costs $5, not $6",
        "brackets": "[a] (b) <c@example.org>",
        "hash": "# 1: the first",
    }
)
"""Descriptions that people write: accepted, and repeated as they are."""


def among(*names: str) -> dict[str, str]:
    """Return some of the texts."""
    return {name: TEXTS[name] for name in names}


def path_texts() -> dict[str, str]:
    """Return texts that can name a file: short, without slashes and NUL; of surrogates only those that stand for bytes."""
    found = {}
    for name, text in TEXTS.items():
        short = text.replace("/", "\u2215").replace("\x00", "")[:60]
        if text.strip(" ") and "\ud800" not in text and name not in _DOUBLED:
            found[name] = short
    return found


def argument_texts() -> dict[str, str]:
    """Return texts that can be a word of a command line, of which a megabyte is too much for systems but not for callers."""
    return {name: text for name, text in TEXTS.items() if "\x00" not in text and "\ud800" not in text}


_DOUBLED = (
    "1,000 signs",
    "a megabyte",
    "a megabyte of words",
    "a megabyte of tags",
    "lines",
    "accents",
    "a megabyte of escapes",
)


COMMON = among(
    "colour", "osc of C1", "newline", "return", "override", "line separator", "byte", "a megabyte", "a megabyte of escapes",
    "markup of rich", "fields", "percent", "tag", "call of a shell", "accents",
)  # fmt: skip
"""A few texts for places that differ little."""
