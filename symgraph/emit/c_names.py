"""Names in C: the user's own, as far as C and its library leave them free."""

from collections.abc import Iterable, Mapping

_KEYWORDS = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long register "
    "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while alignas alignof bool "
    "constexpr false nullptr static_assert thread_local true typeof typeof_unqual asm"
)
_LIBRARY = (
    "acos asin atan atan2 cos sin tan acosh asinh atanh cosh sinh tanh exp exp2 expm1 frexp ilogb ldexp log log10 log1p log2 "
    "logb modf scalbn scalbln cbrt fabs hypot pow sqrt erf erfc lgamma tgamma ceil floor nearbyint rint lrint llrint round "
    "lround llround trunc fmod remainder remquo copysign nan nextafter nexttoward fdim fmax fmin fma isfinite isinf isnan "
    "isnormal signbit memcpy memset size_t uint64_t int64_t"
)
_MACROS = (
    "INFINITY NAN NULL DBL_MAX HUGE_VAL UINT64_C M_E M_LOG2E M_LOG10E M_LN2 M_LN10 M_PI M_PI_2 M_PI_4 M_1_PI M_2_PI M_2_SQRTPI "
    "M_SQRT2 M_SQRT1_2 MAXFLOAT DOMAIN SING OVERFLOW UNDERFLOW PLOSS TLOSS linux unix i386 FMA INLINE SHIFT WIDEST "
    "ROWS PARTS PREFETCH AHEAD SUMS FEATURES WEIGHTS"
)
_OWN = "w x y cotangent row rows stride careful wide terms sums grad output losses partials residual"

_HEADERS = (
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic stdbit "
    "stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype"
)
HEADERS = frozenset(_HEADERS.split())
"""The headers of C's library: a model of that name would hide one."""

TAKEN = frozenset(f"{_KEYWORDS} {_LIBRARY} {_MACROS} {_OWN}".split())
"""Words that C, its library or the text around need; a user's symbol of that name gets a trailing underscore."""


def ascii_name(name: str) -> str:
    """A name in the letters that every C compiler takes: others by their code, as in u03bb."""
    return "".join(sign if sign.isascii() else f"u{ord(sign):04x}" for sign in name)


def ascii_names(names: Mapping[str, str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Identifiers in the letters that every C compiler takes, still unique.

    Args:
        names: name of the model -> identifier.
        taken: further identifiers that the text around uses.
    """
    blocked = {name for name in names.values() if name.isascii()} | set(taken)
    result: dict[str, str] = {}
    for name, identifier in names.items():
        chosen = ascii_name(identifier)
        while not identifier.isascii() and chosen in blocked:
            chosen += "_"
        blocked.add(chosen)
        result[name] = chosen
    return result


def string(text: str) -> str:
    """A C string literal in ASCII (ISO/IEC 9899:1999, 6.4.3 and 6.4.5)."""
    return '"' + "".join(_escaped(sign) for sign in text) + '"'


def comment(text: str) -> tuple[str, ...]:
    """The lines of a text, fit to stand after // each."""
    # a backslash at the end of a line would join the next one to the comment, and ??/ is another way to write it
    return tuple(f"{line} ." if line.endswith(("\\", "??/")) else line for line in text.splitlines())


def _escaped(sign: str) -> str:
    if sign in '"\\?':
        return f"\\{sign}"
    if sign.isascii():
        return sign if sign.isprintable() else f"\\{ord(sign):03o}"
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"
