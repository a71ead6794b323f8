"""Names in C: the user's own, except those that C and its library need."""

import re
from collections.abc import Iterable, Mapping

from symgraph.compiler.backends.c.library import parts
from symgraph.module_functions import ALL_FUNCTIONS
from symgraph.spec.model import Model

_KEYWORDS = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long register "
    "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while alignas alignof bool "
    "constexpr false nullptr static_assert thread_local true typeof typeof_unqual asm main"
)
_LIBRARY = (
    "acos asin atan atan2 cos sin tan acosh asinh atanh cosh sinh tanh exp exp2 expm1 frexp ilogb ldexp log log10 log1p log2 "
    "logb modf scalbn scalbln cbrt fabs hypot pow sqrt erf erfc lgamma tgamma ceil floor nearbyint rint lrint llrint round "
    "lround llround trunc fmod remainder remquo copysign nan nextafter nexttoward fdim fmax fmin fma isfinite isinf isnan "
    "isnormal signbit memcpy memset size_t uint32_t uint64_t int64_t"
)
_MACROS = (
    "INFINITY NAN NULL MAXFLOAT HUGE DECIMAL_DIG math_errhandling DOMAIN SING OVERFLOW UNDERFLOW PLOSS TLOSS X_TLOSS "
    "I complex imaginary noreturn assert errno offsetof stdin stdout stderr EOF EDOM ERANGE EILSEQ "
    "linux unix sun sparc mips hpux sgi i386 m68k mc68000 vax AVR"
)
_FAMILIES = re.compile(
    r"((M|FP|HUGE|MATH|CR|DEC\d*X?|(FLT|DBL|LDBL|U?INT)(\d+X?|MAX|PTR)?|SIZE|PTRDIFF|WCHAR|WINT|SIG_ATOMIC)_[A-Z0-9_]+|SNAN)\w*"
)
"""Macros of C's library, of its extensions and of compilers, by name and by kind of name."""

_LOCAL = (
    "w x y loss cotangent row rows stride careful wide terms sums grad output losses partials residual kept keep work "
    "with_values with_slopes seed"
)
_PUBLIC = (
    "abi hash work features weights target output residual_factor robust f_scale no_residual selftest constants "
    "constant_values constraint_names constraint_lower constraint_upper likelihood target_values"
)
_PRIVATE = "turn constants_are_doubles prefetch read_columns gradient block_sum add dots hessian_from hvp_from"
_OF_LOOPS = (
    "values", "terms", "losses", "outputs", "derivatives", "residuals", "slopes",
    "normal", "hessian_terms", "hvp_terms", "by_features", "along", "both",
)  # fmt: skip
_OF_PARTS = re.compile(rf"\w+_((all|block|row)_({'|'.join(_OF_LOOPS)})_\d+|({'|'.join(_OF_LOOPS)})_places)_")
"""Names of parts of long functions, behind the model's, and of their tables."""
_OF_SEVERAL = ("targets", "outputs", "residuals")
"""Public tables and numbers of models that have several of these; their macros are called the same in capitals."""
_CONSTANTS = (
    "FEATURES WEIGHTS CONSTANTS CONSTRAINTS WORK APART_ INLINE_ SHIFT_ WIDEST_ ROWS_ SUMS_ PARTS_ HESSIAN_SUMS_ HVP_SUMS_ "
    "DOTS_ MANY_"
)

_HEADERS = (
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic stdbit "
    "stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string strings tgmath threads time uchar wchar wctype "
    "features"
)
HEADERS = frozenset(_HEADERS.split())
"""Headers of C's library, and the files that they include by such names: a model of that name would hide one."""

TAKEN = frozenset(f"{_KEYWORDS} {_LIBRARY} {_MACROS} {_LOCAL}".split()) | {f"{name}f" for name in _LIBRARY.split()}
"""Words that C, its library or the text around need; a user's symbol of that name gets a trailing underscore."""

ON_REQUEST = frozenset({"direction", "hessian", "product", "both", "derivative"})
"""Words that only the text around derivatives on request needs."""


def taken(model: Model, name: str) -> frozenset[str]:
    """Return the identifiers that the inputs and nodes of a model must not have in its C file.

    Args:
        model: the model.
        name: its name in ASCII, with which the names of the file begin.
    """
    private = (*parts(name), *_PRIVATE.split(), *(f"{loop}_{what}" for loop in ("all", "block", "row") for what in _OF_LOOPS))
    public = (*_PUBLIC.split(), *ALL_FUNCTIONS)
    file = {f"{name}_{one}" for one in public} | {f"{name}_{part}_" for part in private}
    file |= {f"{name.upper()}_{constant}" for constant in _CONSTANTS.split()} | {f"SYMGRAPH_{name}_H"}
    if max(len(model.target_inputs), len(model.output_nodes), len(model.residual_exprs)) > 1:
        file |= {own for what in _OF_SEVERAL for own in (f"{name}_{what}", f"{name}_{what}".upper())}
    # a node is never called d_<node>, but its cotangent is
    cotangents = {own.removeprefix("d_") for own in file if own.startswith("d_")}
    names = {entry.name for entry in model.inputs} | {node.name for node in model.nodes}
    return TAKEN | file | cotangents | {own for own in names if _FAMILIES.fullmatch(own) or _OF_PARTS.fullmatch(own)}


def ascii_name(name: str) -> str:
    """Return a name in the letters that every C compiler takes: others by their code, as in u03bb."""
    return "".join(sign if sign.isascii() else f"u{ord(sign):04x}" for sign in name)


def ascii_names(names: Mapping[str, str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Return identifiers in the letters that every C compiler takes, still unique.

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
    """Return a C string literal in ASCII (ISO/IEC 9899:1999, 6.4.3 and 6.4.5)."""
    return '"' + "".join(_escaped(sign) for sign in text) + '"'


def comment(text: str) -> tuple[str, ...]:
    """Return the lines of a text, each fit for a comment after //."""
    # a backslash at the end of a line would join the next one to the comment, and ??/ is another way to write it
    return tuple(f"{line} ." if line.endswith(("\\", "??/")) else line for line in text.splitlines())


def _escaped(sign: str) -> str:
    if sign in '"\\?':
        return f"\\{sign}"
    if sign.isascii():
        return sign if sign.isprintable() else f"\\{ord(sign):03o}"
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"
