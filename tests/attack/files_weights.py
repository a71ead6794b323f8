"""Weights in JSON: those that must be loaded to the bit, and all that must be refused."""

import json
import random
import warnings
from collections.abc import Iterator
from pathlib import Path

from cases import Case, Outcome
from files_checks import Call, Check, clear_or_done, ended, is_refused, unclear, written
from files_mutations import TEXT, mutated
from victim import built

GIVEN = {"a": 2.0, "k": 0.4}


def text(**changed: object) -> str:
    """Return the project's weights file, with some entries changed."""
    return json.dumps(_whole() | changed)


def _whole() -> dict[str, object]:
    return json.loads((built() / "weights.json").read_text())


def loading(name: str = "w.json") -> Call:
    """Return a call that loads weights of the project's model, and says them with all their bits."""

    def call(folder: Path) -> None:
        import symgraph
        from symgraph.data.weights import load_weights

        warnings.simplefilter("ignore")  # they are the command's to show
        module = symgraph.load(folder / "generated" / "decay.py", backend="numpy")
        print(json.dumps([float(one).hex() for one in load_weights(folder / name, module)]))

    return call


def is_loaded(a: float, k: float) -> Check:
    """Check that these weights are loaded, to the bit."""

    def check(folder: Path, outcome: Outcome) -> str:
        del folder
        if told := ended(outcome, 0):
            return told
        found = json.loads(outcome.out)
        return "" if found == [a.hex(), k.hex()] else f"{[float.fromhex(one) for one in found]}, right is {[a, k]}"

    return check


def _or_refused(a: float, k: float) -> Check:
    right = is_loaded(a, k)
    return lambda folder, outcome: unclear(outcome, ["w.json"]) if outcome.code == 2 else right(folder, outcome)


def _as_json(folder: Path, outcome: Outcome) -> str:
    """What is loaded must be what the module json finds, each weight once."""
    if outcome.code == 2:
        return unclear(outcome, ["w.json"])
    try:
        found = json.loads((folder / "w.json").read_bytes().decode(), object_pairs_hook=_once)["weights"]
        return is_loaded(float(found["a"]), float(found["k"]))(folder, outcome)
    except (ValueError, KeyError, TypeError) as error:
        return f"loaded; another reader finds {type(error).__name__}"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def _right() -> dict[str, tuple[str | bytes, float, float]]:
    return {
        "as saved": ((built() / "weights.json").read_bytes(), 2.0, 0.4),
        "on one line": (text(), 2.0, 0.4),
        "with CRLF and tabs": (json.dumps(_whole(), indent="\t").replace("\n", "\r\n"), 2.0, 0.4),
        "keys in another order": (json.dumps(dict(reversed(_whole().items()))), 2.0, 0.4),
        "weights in another order": (text(weights={"k": 0.4, "a": 2.0}), 2.0, 0.4),
        "integers": (text(weights={"a": 2, "k": -3}), 2.0, -3.0),
        "17 digits": (text(weights={"a": 0.1 + 0.2, "k": 1 / 3}), 0.1 + 0.2, 1 / 3),
        "ends of the range": (text(weights={"a": 5e-324, "k": -1.7976931348623157e308}), 5e-324, -1.7976931348623157e308),
        "negative zero": (text(weights={"a": -0.0, "k": 0.0}), -0.0, 0.0),
        "a number of 1,000 digits": (text().replace("2.0", "2." + "0" * 1000), 2.0, 0.4),
        "keys with escapes": (text().replace('"a"', '"\\u0061"'), 2.0, 0.4),
    }


def _unusual() -> dict[str, tuple[str | bytes, float, float]]:
    return {
        "a mark of byte order": ("\ufeff" + text(), 2.0, 0.4),
        "UTF-16": (text().encode("utf-16"), 2.0, 0.4),
        "one entry more": (text(note="from us"), 2.0, 0.4),
        "float32": (text(dtype="float32", weights={"a": 2.0, "k": 0.5}), 2.0, 0.5),
        "another version of the model": (text(model_hash="sha256:" + "0" * 64), 2.0, 0.4),
        "an integer beyond 2^53": (text(weights={"a": 2**53 + 1, "k": 1}), float(2**53), 1.0),
        "without a dtype": (json.dumps({name: value for name, value in _whole().items() if name != "dtype"}), 2.0, 0.4),
    }


def _wrong() -> dict[str, str | bytes]:
    """Files that must be refused."""
    whole = text()
    many = ", ".join(f'"w{i}": 1.0' for i in range(60_000))
    found: dict[str, str | bytes] = {
        "nothing": "",
        "NUL": bytes(1000),
        "null": "null",
        "a number": "5",
        "a list": "[2.0, 0.4]",
        "an empty dict": "{}",
        "text": "a=2,k=0.4",
        "two documents": whole + whole,
        "a comment": whole + "// end",
        "single quotes": whole.replace('"', "'"),
        "a comma too much": whole.replace("}}", ",}}"),
        "no UTF-8": whole.encode() + b"\xff",
        "NUL behind": whole + "\x00",
        "100,000 brackets": "[" * 100_000,
        "100,000 braces": '{"a":' * 100_000,
        "100,000 closed brackets": "[" * 100_000 + "]" * 100_000,
        "deep weights": whole.replace("2.0", "[" * 50_000 + "]" * 50_000),
        "60,000 keys": whole.replace('"a"', many + ', "a"'),
        "60,000 keys, one twice": whole.replace('"a"', many + ', "w7": 2, "a"'),
        "60,000 keys, all the same": whole.replace('"a"', '"a": 1.0, ' * 60_000 + '"a"'),
        "60,000 keys outside": "{" + many + ", " + whole[1:],
        "a key of 5 MB": whole.replace('"a"', '"' + "a" * 5_000_000 + '"'),
        "an integer of 100,000 digits": whole.replace("2.0", "9" * 100_000),
        "a float of 5 MB": whole.replace("2.0", "1e" + "9" * 5_000_000),
        "a weight twice": whole.replace('"k"', '"a": 2.0, "k"'),
        "weights twice": whole[:-1] + ', "weights": {"a": 1.0, "k": 1.0}}',
        "a model twice": whole[:-1] + ', "model": "decay"}',
        "weights as a list": text(weights=[2.0, 0.4]),
        "weights as text": text(weights="a=2,k=0.4"),
        "no weights": text(weights={}),
        "weights are null": text(weights=None),
        "a weight too few": text(weights={"a": 2.0}),
        "a weight too many": text(weights=GIVEN | {"c": 1.0}),
        "a weight of another case": text(weights={"A": 2.0, "k": 0.4}),
        "ESC in a weight's name": text(weights=GIVEN | {"\x1b[31mc\x07": 1.0}),
        "directions in a weight's name": text(weights=GIVEN | {"\u202ec\u2066": 1.0}),
        "a surrogate in a weight's name": text(weights=GIVEN | {"\ud800": 1.0}),
        "line ends in a weight's name": text(weights=GIVEN | {"\n\nerror: none\n\n\n": 1.0}),
        "a weight's name of 1 MB": text(weights=GIVEN | {"n" * 1_000_000: 1.0}),
        "another model": text(model="growth"),
        "ESC in the model": text(model="\x1b[2J\x1b]0;x\x07"),
        "a surrogate in the model": text(model="\udcff"),
        "the model as a number": text(model=5),
        "the model as a list": text(model=["decay"]),
        "a model of 1 MB": text(model="n" * 1_000_000),
        "another format": text(format="symgraph weights 2"),
        "ESC in the format": text(format="symgraph weights \x1b[31m1"),
        "the format as a dict": text(format={"a": 1}),
        "the digest as a list": text(model_hash=[1]),
    }
    for value in VALUES:
        found[f"a = {value}".encode("unicode_escape").decode()] = whole.replace("2.0", value)
    for dtype in ("float16", "object", "f8", "<f8", "", "\x1b[31m", 5, None, ["float64"], "float64; import os"):
        found[f"dtype {dtype!r}"] = text(dtype=dtype)
    for value in ("1e39", "0.1", "1e-50", "16777217"):
        found[f"float32, a = {value}"] = text(dtype="float32").replace("0.4", "0.5").replace("2.0", value)
    return found


VALUES = ("NaN", "Infinity", "-Infinity", "1e999", "-1e400", "1e-400", '"2.0"', '"nan"', "null", "true", "[2.0]", "{}")
VALUES += ("2.", ".5", "+2", "0x2", "02", "1_0", "\u0662")


def _short(folder: Path, outcome: Outcome) -> str:
    del folder
    return f"{len(outcome.err)} bytes on stderr" if len(outcome.err) > 3000 else ""


USES = {
    "predict": "predict decay --data rows.csv --weights w.json",
    "train": "train decay --data rows.csv --epochs 2 --init w.json",
    "gradcheck": "gradcheck decay --data rows.csv --weights w.json --points 1",
    "show": "show decay --derivation --data rows.csv --weights w.json",
    "draw": "draw decay --data rows.csv --weights w.json -o g.svg",
    "report": "report decay --data rows.csv --weights w.json -o r.html",
}
SAID = ("ESC", "directions", "surrogate", "line ends", "of 1 MB", "of 5 MB", "60,000 keys")
"""What a message may have to show: such files go to a command, which cuts and escapes what it says."""
WRITTEN = {"draw": "g.svg", "report": "r.html"}
SHOWN = (
    "nothing",
    "60,000 keys, one twice",
    "ESC in a weight's name",
    "a surrogate in the model",
    "a = 1e999",
    "100,000 brackets",
)
INLINE = (
    "a=nan,k=1",
    "a=inf,k=1",
    "a=1e999,k=1",
    "a=1e-400,k=1",
    "a=1",
    "k=1",
    "a=1,a=2,k=1",
    "a=1,k=1,c=1",
    "a=1;k=1",
    "a=,k=1",
    "=1",
    "a",
    "",
    ",",
    "a=1,k",
    "a=0x1,k=1",
    "a=1_0,k=1",
    "a=1,k=\u0663",
    "a=1,k=\uff11",
    "a=__import__('os'),k=1",
    "\x1b[31m=1,k=1",
    "a=\x1b[31m,k=1",
    "a=1,\u202ek=1",
    "a" * 100_000,
    "a=" + "9" * 100_000 + ",k=1",
    "a=1," * 20_000 + "k=1",
    "a==1,k=1",
    "a=1,k=1\n\nerror: none",
    "a=1/2,k=1",
    "a=1,k=True",
)
UNSURE = ("a=1_0,k=1", "a=1,k=\u0663", "a=1,k=\uff11", "a=1e-400,k=1", "a=1,k=1\n\nerror: none")


def cases(rng: random.Random) -> Iterator[Case]:
    """Cases of weights, by the interface and by each command that takes some."""
    for name, (content, a, k) in _right().items():
        yield _case(name, content, is_loaded(a, k), codes=(0,))
    for name, (content, a, k) in _unusual().items():
        yield _case(name, content, _or_refused(a, k))
    for name, content in _wrong().items():
        exact = name in ("float32, a = 0.1", "a = 1e-400", "float32, a = 1e-50", "float32, a = 16777217", "60,000 keys outside")
        lenient = exact or name == "the digest as a list"
        check = clear_or_done("w.json") if lenient else is_refused("w.json")
        yield _case(name, content, check, by_command=any(word in name for word in SAID), seconds=4)
    for name in ("\x1b[31m", "\u202e", "n" * 1_000_000, "\udcff", "\n\n\n\n\n"):
        files = written({"w.json": text(model_hash=name).encode()})
        yield Case(f"weights: the digest {name[:9]!a}", USES["predict"].split(), project=True, prepare=files, check=_short)
    for use, line in USES.items():
        for name in SHOWN:
            files = written({"w.json": _bytes(_wrong()[name])})

            def check(folder: Path, outcome: Outcome, use: str = use) -> str:
                new = (folder / WRITTEN.get(use, "none")).exists()
                return is_refused("w.json")(folder, outcome) or ("a file is written" if new else "")

            yield Case(f"weights: {name}, {use}", line.split(), project=True, prepare=files, check=check, seconds=6)
    for number, line in enumerate(INLINE):
        words = ("predict", "decay", "--data", "rows.csv", "--weights", line)
        check = (
            clear_or_done()
            if line in ("a=1_0,k=1", "a=1,k=\u0663", "a=1,k=\uff11", "a=1e-400,k=1", "a=1,k=1\n\nerror: none")
            else is_refused()
        )
        yield Case(f"weights: inline {number} {line[:24]!a}", words, project=True, check=check, seconds=4)
    for kind, content in mutated((built() / "weights.json").read_bytes(), rng, 66, TEXT):
        yield _case(f"mutated, {kind}", content, _as_json, codes=(0, 2))


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _case(name: str, content: str | bytes, check: Check, by_command: bool = False, **given: object) -> Case:
    files = written({"w.json": _bytes(content)})
    if by_command:
        return Case(f"weights: {name}", USES["predict"].split(), project=True, prepare=files, check=check, **given)  # type: ignore[arg-type]
    return Case(f"weights: {name}", call=loading(), project=True, prepare=files, check=check, **given)  # type: ignore[arg-type]
