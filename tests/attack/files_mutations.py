"""Mutations of files, drawn by a seed: bits that flip, ends that are lost, pieces that are doubled or change places, lies."""

import random
import struct
from collections.abc import Callable, Iterator, Sequence

Mutation = Callable[[bytes, random.Random], bytes]


def _flip(content: bytes, rng: random.Random) -> bytes:
    """One bit in one place, or in a few."""
    found = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def _truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def _behead(content: bytes, rng: random.Random) -> bytes:
    return content[rng.randrange(1, min(len(content), 64)) :]


def _piece(content: bytes, rng: random.Random) -> slice:
    begin = rng.randrange(len(content))
    return slice(begin, min(len(content), begin + rng.choice((1, 2, 4, 8, 16, 64, 256))))


def _double(content: bytes, rng: random.Random) -> bytes:
    piece = _piece(content, rng)
    return content[: piece.stop] + content[piece] * rng.choice((1, 2, 50)) + content[piece.stop :]


def _drop(content: bytes, rng: random.Random) -> bytes:
    piece = _piece(content, rng)
    return content[: piece.start] + content[piece.stop :]


def _swap(content: bytes, rng: random.Random) -> bytes:
    size = max(1, len(content) // rng.choice((4, 8, 16, 64)))
    pieces = [content[i : i + size] for i in range(0, len(content), size)]
    i, j = rng.randrange(len(pieces)), rng.randrange(len(pieces))
    pieces[i], pieces[j] = pieces[j], pieces[i]
    return b"".join(pieces)


def _splice(content: bytes, rng: random.Random) -> bytes:
    """The beginning of the file, then another part of it."""
    return content[: rng.randrange(1, len(content))] + content[rng.randrange(len(content)) :]


def _overwrite(content: bytes, rng: random.Random) -> bytes:
    piece = _piece(content, rng)
    filling = rng.choice((b"\x00", b"\xff", b"\x80", b"\x7f", b"A", rng.randbytes(1)))
    return content[: piece.start] + filling * (piece.stop - piece.start) + content[piece.stop :]


NUMBERS = (0, 1, -1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, -(2**31), -(2**63))
"""Numbers that lengths and offsets are not."""


def _lie(content: bytes, rng: random.Random) -> bytes:
    """A number of 4 or 8 bytes, where formats keep lengths and offsets."""
    size = rng.choice((4, 8))
    at = rng.randrange(max(1, len(content) - size)) & ~3
    number = rng.choice(NUMBERS) % 2 ** (8 * size)
    return content[:at] + number.to_bytes(size, "little") + content[at + size :]


WORDS = (b"", b"-1", b"1e400", b"NaN", b"9" * 40, b"9" * 5000, b'"', b"\xd9\xa3", b"1e-400", b"0x1", b"null", b"{}", b"[")
"""What stands where text has a number."""
SIGNS = (b"\x00", b'"', b"'", b"\\", b"\n", b"\r", b",", b"[", b"{", b"\x1b[31m", b"\xff", b"\xe2\x80\xae", b"#")
"""Signs that mean something to a format, or to a terminal."""


def _number(content: bytes, rng: random.Random) -> bytes:
    """A number of the text becomes another one."""
    digits = [i for i, byte in enumerate(content) if 48 <= byte <= 57]
    if not digits:
        return _flip(content, rng)
    begin = end = rng.choice(digits)
    while end < len(content) and 48 <= content[end] <= 57:
        end += 1
    return content[:begin] + rng.choice(WORDS) + content[end:]


def _noise(content: bytes, rng: random.Random) -> bytes:
    """A sign where it does not belong."""
    at = rng.randrange(len(content))
    return content[:at] + rng.choice(SIGNS) + content[at:]


BINARY: Sequence[Mutation] = (_flip, _flip, _truncate, _behead, _double, _drop, _swap, _splice, _overwrite, _lie, _lie)
TEXT: Sequence[Mutation] = (_flip, _truncate, _behead, _double, _drop, _swap, _splice, _overwrite, _number, _noise, _noise)


def mutated(content: bytes, rng: random.Random, times: int, kinds: Sequence[Mutation]) -> Iterator[tuple[str, bytes]]:
    """Yield mutations of a file, each with a name that says its kind, and differing from the file."""
    for i in range(times):
        kind = kinds[i % len(kinds)]
        found = content
        while found == content:
            found = kind(content, rng)
        yield f"{kind.__name__.strip('_')} {i}", found


def patched(content: bytes, old: int, new: int, form: str = "<q") -> bytes:
    """Return a file in which a number stands in the place of another, wherever it occurs."""
    before, after = struct.pack(form, old), struct.pack(form, new)
    assert before in content, f"{old} does not occur"
    return content.replace(before, after)
