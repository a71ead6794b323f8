"""Pickles: plain numbers in every protocol, and programs for the machine that a pickle is."""

import os
import pickle
import random
from collections.abc import Iterator

import numpy as np
import pandas as pd
from cases import PAYLOAD, Case
from files_checks import PREDICT, Rows, clear_or_done, is_predicted, is_read, is_refused, read_or_refused, reading, written
from files_mutations import BINARY, mutated

ROWS: Rows = [(i / 4, 2 * 0.7 ** (i / 4)) for i in range(12)]
TABLE = np.array(ROWS)
COLUMNS = {"t": TABLE[:, 0].copy(), "y": TABLE[:, 1].copy()}
RIGHT: dict[str, object] = {
    "an array": TABLE,
    "an array by columns": np.asfortranarray(TABLE),
    "an array, big end first": TABLE.astype(">f8"),
    "a list of tuples": list(ROWS),
    "a list of lists": [list(row) for row in ROWS],
    "a dict of arrays": COLUMNS,
    "a dict of lists": {"note": ["x"] * 12, "y": [y for _, y in ROWS], "t": [t for t, _ in ROWS]},
}
WORD = b"\x8c\x08builtins\x8c\x04exec\x93"
"""STACK_GLOBAL of builtins.exec."""
GIVEN = b"\x8c" + bytes([len(PAYLOAD)]) + PAYLOAD.encode()
"""The text of the attack as a string on the stack."""


class _Calls:
    """An object whose pickle calls something when it is loaded."""

    def __init__(self, *made: object) -> None:
        self.made = made

    def __reduce__(self) -> object:
        return self.made


def _attacks() -> dict[str, bytes]:
    """Pickles that run code where one loads them."""
    text = PAYLOAD.encode()
    calls = {
        "exec": _Calls(exec, (PAYLOAD,)),
        "eval": _Calls(eval, (PAYLOAD,)),
        "a shell": _Calls(os.system, ("touch ATTACKED",)),
        "pickle in pickle": _Calls(pickle.loads, (pickle.dumps(_Calls(exec, (PAYLOAD,))),)),
        "getattr": _Calls(getattr, (_Calls(__import__, ("os",)), "system")),
        "numpy.load": _Calls(np.load, ("a.pkl",)),
        "numpy.frombuffer": _Calls(np.frombuffer, (bytes(16),)),
        "numpy.zeros": _Calls(np.zeros, ((10**6, 10**6),)),
        "a state": _Calls(np.ndarray, ((0,),), {"shape": _Calls(exec, (PAYLOAD,))}),
        "in a dtype": _Calls(np.dtype, (_Calls(exec, (PAYLOAD,)),)),
        "items of a list": _Calls(list, (), None, iter([_Calls(exec, (PAYLOAD,))])),
    }
    found = {f"{name}, protocol {i}": pickle.dumps(one, i) for name, one in calls.items() for i in (0, 2, 4)}
    found |= {
        f"{name} in a dict of columns": pickle.dumps(COLUMNS | {"other": one})
        for name, one in calls.items()
        if name in ("exec", "a state")
    }
    found |= {
        "INST": b"(S'" + text.replace(b"'", b'"') + b"'\nibuiltins\nexec\n.",
        "OBJ": b"(cbuiltins\nexec\nS'" + text.replace(b"'", b'"') + b"'\no.",
        "NEWOBJ": b"\x80\x04" + WORD + GIVEN + b"\x85\x81.",
        "NEWOBJ_EX": b"\x80\x04" + WORD + GIVEN + b"\x85}\x92.",
        "BUILD": b"\x80\x04" + WORD + b"}\x8c\x01a" + GIVEN + b"sb.",
        "EXT1": b"\x80\x02\x82\x01.",
        "EXT4": b"\x80\x02\x84\x01\x00\x00\x00.",
        "PERSID": b"Pexec\n.",
        "BINPERSID": b"\x80\x04" + GIVEN + b"Q.",
        "a dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0ef2py.os.system\x93\x8c\x0etouch ATTACKED\x85R.",
        "a name with a line end": b"\x80\x04\x8c\x0enumpy\nbuiltins\x8c\x04exec\x93" + GIVEN + b"\x85R.",
        "a relative module": b"c.numpy\nndarray\n.",
        "a module of the folder": b"cevil\nrun\n(tR.",
        "a name with ESC": b"c\x1b[31m\x1b]0;x\x07\nexec\n.",
        "a name of 1 MB": b"cbuiltins\n" + b"e" * 1_000_000 + b"\n.",
        "_reconstruct of another class": b"\x80\x04\x8c\x16numpy._core.multiarray\x8c\x0c_reconstruct\x93"
        + WORD
        + b"K\x00\x85C\x01b\x87R.",
        "a pandas frame": pickle.dumps(pd.DataFrame(COLUMNS)),
        "an array of objects": pickle.dumps(np.array([[_Calls(exec, (PAYLOAD,)), 1.0]], dtype=object)),
        "a matrix": pickle.dumps(np.matrix(TABLE)),
        "a masked array": pickle.dumps(np.ma.masked_equal(TABLE, 2.0)),
    }
    return found


def _array(shape: object, data: bytes, descr: str = "f8", state: object = (3, "<", None, None, None, -1, -1, 0)) -> bytes:
    """Return the pickle of an array of any shape, data and state of its dtype."""
    whole = pickle.dumps(
        _Calls(np._core.multiarray._reconstruct, (np.ndarray, (0,), b"b"), (1, shape, "DTYPE", False, data)), 2
    )
    dtype = pickle.dumps(_Calls(np.dtype, (descr, False, True), state), 2)[2:-1]
    mark = pickle.dumps("DTYPE", 2)[2:-1]
    mark = mark[: mark.index(b"DTYPE") + 5]
    assert mark in whole
    at = whole.index(mark)
    rest = whole[at + len(mark) :]
    return whole[:at] + dtype + rest[2 if rest[:1] == b"q" else 0 :]


def _broken() -> dict[str, bytes]:
    """Pickles whose sizes lie, that ask for much, or make no sense."""
    deep = b"]" * 100_000
    laughs = (
        b"\x80\x02]q\x00" + b"".join(b"](h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]) for i in range(40)) + b"."
    )
    return {
        "nothing": b"",
        "only a stop": b".",
        "no stop": pickle.dumps(ROWS)[:-1],
        "only a protocol": b"\x80\x04",
        "protocol 9": b"\x80\x09" + pickle.dumps(ROWS)[2:],
        "100,000 lists in lists": deep + b"a" * 99_999 + b".",
        "100,000 tuples in tuples": b")" + b"\x85" * 100_000 + b".",
        "100,000 marks": b"(" * 100_000 + b".",
        "a list of itself": b"]q\x00h\x00a.",
        "a dict of itself": b"}q\x00X\x01\x00\x00\x00th\x00s.",
        "a billion laughs": laughs,
        "doubled 40 times": b"\x80\x02K\x01" + b"2\x86" * 40 + b".",
        "rows of one list, doubled": b"\x80\x02"
        + b"]q\x00("
        + b"G?\xf0\x00\x00\x00\x00\x00\x00" * 2
        + b"e0]("
        + b"h\x00" * 200_000
        + b"e.",
        "bytes of 2^62": b"\x80\x04\x8e" + (2**62).to_bytes(8, "little") + b"x.",
        "bytes of 2^31": b"\x80\x04B\xff\xff\xff\x7fx.",
        "text of 2^62": b"\x80\x04\x8d" + (2**62).to_bytes(8, "little") + b"x.",
        "a bytearray of 2^40": b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b"x.",
        "a frame of 2^60": b"\x80\x04\x95" + (2**60).to_bytes(8, "little") + b"].",
        "a negative length": b"\x80\x02T\xff\xff\xff\xffx.",
        "a frame that ends early": b"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00" + pickle.dumps(ROWS)[11:],
        "a long of 2^31 bytes": b"\x80\x02\x8b\xff\xff\xff\x7f\x01.",
        "a negative long": b"\x80\x02\x8b\xff\xff\xff\xff\x01.",
        "an integer of a million digits": b"I" + b"9" * 1_000_000 + b"\n.",
        "a long of a million digits": b"L" + b"9" * 1_000_000 + b"L\n.",
        "a float of words": b"Fnan(x)\n.",
        "a float of other digits": b"F\xd9\xa3\n.",
        "memo number 2^32": b"]r\xff\xff\xff\xffj\xff\xff\xff\xff.",
        "memo number 10^18": b"]p999999999999999999\n.",
        "a negative memo number": b"]p-1\n.",
        "a memo that is not there": b"h\x07.",
        "the bottom of the stack": b"0000.",
        "a mark alone": b"(1.",
        "next buffer": b"\x80\x05\x97.",
        "read-only buffer": b"\x80\x05]\x98.",
        "an unknown opcode": b"\x80\x04]\xff.",
        "text that is no UTF-8": b"\x80\x02X\x02\x00\x00\x00\xff\xfe.",
        "a surrogate": b"\x80\x02(lp0\nX\x03\x00\x00\x00\xed\xa0\x80h\x00d.",
        "a string with ESC": b"S'\\x1b[31m'\n.",
        "an escape without an end": b"S'\\x'\n.",
        "no quotes": b"Sabc\n.",
        "60,000 columns": pickle.dumps({f"c{i}": [1.0, 2.0] for i in range(60_000)}),
        "columns with ESC": pickle.dumps({"\x1b[31mt": [1.0], "y\u202e": [1.0]}),
        "numbers for columns": pickle.dumps({1: [1.0], 2: [1.0]}),
        "columns of other lengths": pickle.dumps({"t": [1.0, 2.0], "y": [1.0]}),
        "a scalar": pickle.dumps(5.0),
        "None": pickle.dumps(None),
        "text": pickle.dumps("t,y\n0,1\n"),
        "no rows": pickle.dumps([]),
        "empty rows": pickle.dumps([[], []]),
        "ragged rows": pickle.dumps([[0.0, 1.0], [2.0]]),
        "rows of text": pickle.dumps([["0", "1"], ["2", "3"]]),
        "rows of None": pickle.dumps([[0.0, None]]),
        "nan": pickle.dumps([[0.0, 1.0], [float("nan"), 1.0]]),
        "inf": pickle.dumps([[0.0, 1.0], [2.0, float("inf")]]),
        "an integer beyond doubles": pickle.dumps([[0, 10**400]]),
        "a complex array": pickle.dumps(TABLE + 1j),
        "dates": pickle.dumps(np.array([["2024-01-01", "2024-01-02"]], dtype="M8[D]")),
        "a cube": pickle.dumps(np.zeros((3, 2, 2))),
        "text of CSV": b"t,y\n0,1\n",
        "gzip": b"\x1f\x8b\x08\x00" + bytes(20),
        "NPY": b"\x93NUMPY\x01\x00",
        "5 MB of noise": b"\x80\x04" + bytes(range(256)) * 20_000,
        "shape beyond its data": _array((10**9, 2), bytes(16)),
        "shape of 2^62 rows": _array((2**62, 4), b""),
        "a negative shape": _array((-1, 2), bytes(16)),
        "a shape of text": _array("12", bytes(192)),
        "70 dimensions": _array((1,) * 70, bytes(8)),
        "too few data": _array((12, 2), bytes(191)),
        "data as a list": _array((12, 2), [0.0] * 24),
        "dtype of objects": _array((1, 2), [1, 2], "O8"),
        "dtype of 2^31 bytes": _array((1, 2), bytes(16), "V2147483647"),
        "a dtype's size lies": _array((1, 2), bytes(16), "f8", (3, "<", None, None, None, 2**40, 8, 0)),
        "a dtype of itself": _array((1, 2), bytes(16), "f8", (3, "<", ("f8", (2**40,)), None, None, -1, -1, 0)),
        "a dtype's order": _array((1, 2), bytes(16), "f8", (3, "\x1b", None, None, None, -1, -1, 0)),
        "a dtype's version": _array((1, 2), bytes(16), "f8", (2**70, "<", None, None, None, -1, -1, 0)),
        "a dtype's state": _array((1, 2), bytes(16), "f8", 5),
    }


def cases(rng: random.Random) -> Iterator[Case]:
    """Cases of pickles, by the interface and by the command line."""
    for name, one in RIGHT.items():
        for protocol in range(6):
            suffix = "pickle" if protocol == 3 else "pkl"
            given = {"prepare": written({f"a.{suffix}": pickle.dumps(one, protocol)}), "codes": (0,), "check": is_read(ROWS)}
            yield Case(f"pickle: {name}, protocol {protocol}", call=reading(f"a.{suffix}"), **given)
    for name in ("an array", "a list of tuples", "a dict of arrays"):
        content = pickle.dumps(RIGHT[name])
        given = {"project": True, "codes": (0,), "check": is_predicted(ROWS)}
        yield Case(f"pickle: {name}, predict", (*PREDICT, "a.pkl"), prepare=written({"a.pkl": content}), **given)
        yield Case(f"pickle: {name}, stdin", (*PREDICT, "-"), stdin=content, **given)
    behind = written({"a.pkl": pickle.dumps(ROWS) + pickle.dumps(_Calls(exec, (PAYLOAD,)))})
    yield Case("pickle: another one behind it", call=reading("a.pkl"), prepare=behind, check=read_or_refused(ROWS, "a.pkl"))
    for name, content in _attacks().items():
        files = written({"a.pkl": content, "evil.py": f"def run(): {PAYLOAD}\n{PAYLOAD}\n".encode()})
        yield Case(f"pickle: {name}", call=reading("a.pkl"), prepare=files, check=is_refused("a.pkl"))
    for name in ("exec, protocol 4", "INST", "a name with ESC", "a pandas frame"):
        given = {"project": True, "prepare": written({"a.pkl": _attacks()[name]}), "check": is_refused("a.pkl")}
        yield Case(f"pickle: {name}, gradcheck", ("gradcheck", "decay", "--data", "a.pkl"), **given)
    for i, (name, content) in enumerate(_broken().items()):
        unsure = name in ("rows of one list, doubled", "memo number 2^32", "a frame of 2^60", "a frame that ends early")
        given = {
            "prepare": written({"a.pkl": content}),
            "check": (clear_or_done if unsure else is_refused)("a.pkl"),
            "seconds": 5,
        }
        yield Case(f"pickle: {name}", call=reading("a.pkl"), **given)
        if i % 12 == 0:
            yield Case(f"pickle: {name}, train", ("train", "decay", "--data", "a.pkl"), project=True, **given)
    for name in ("an array", "a list of tuples", "a dict of lists"):
        for protocol in (0, 2, 5):
            content = pickle.dumps(RIGHT[name], protocol)
            for kind, other in mutated(content, rng, 11, BINARY):
                given = {"prepare": written({"a.pkl": other}), "codes": (0, 2), "check": clear_or_done("a.pkl")}
                yield Case(f"pickle: {name}, protocol {protocol}, {kind}", call=reading("a.pkl"), **given)
