"""The double-double functions that a graph needs: which op calls which, and what those call in turn."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from symgraph.backends.accurate_constants import per_step, per_turn, statements
from symgraph.backends.expression import Level, OpText, OpTexts, call, infix
from symgraph.backends.functions import with_needs
from symgraph.ir.graph import Graph

TEXTS: OpTexts = MappingProxyType(
    {
        **{name: call(f"_dd_{name}") for name in ("sqrt", "cbrt", "abs", "sign", "rowsum")},
        **{name: call(f"_dd_{name}") for name in ("exp", "expm1", "log", "log1p", "gauss")},
        **{name: call(f"_dd_{name}") for name in ("erf", "erfc", "erfcx", "ierfcx")},
        **{name: call(f"_dd_{name}") for name in ("sin", "cos", "tan", "asin", "acos", "atan")},
        **{name: call(f"_dd_{name}") for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")},
        **{
            name: call(f"_dd_{name}", 2)
            for name in ("add", "sub", "mul", "mul_floats", "mul_power", "div", "pow", "hypot", "atan2")
        },
        **{name: call(f"_dd_{name}", 2) for name in ("heaviside", "max", "min")},
        "rowsum": call("_rowsum"),
        "neg": call("_neg"),
        "select": call("_where", 3),
        "lt": call("_dd_less", 2),
        "le": call("_dd_at_most", 2),
        "gt": OpText("_dd_less({1}, {0})"),
        "ge": OpText("_dd_at_most({1}, {0})"),
        "eq": call("_dd_equal", 2),
        "ne": OpText("~_dd_equal({0}, {1})", Level.UNARY),
        "and": infix("&", Level.BITAND),
        "or": infix("|", Level.BITOR),
        "not": OpText("~{0}", Level.UNARY, (Level.ATOM,)),
    }
)
"""How a pair's operation reads. ``mul_floats`` is the product of two numbers without a low part, ``mul_power`` that
with a power of two."""

NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "_settled": (), "_guarded": ("_settled",), "_neg": (), "_scaled": (), "_ldexp": (), "_where": (), "_add_float": (),
        "_add": (), "_two_prod": (),
        "_mul": ("_two_prod",), "_div": ("_two_prod",), "_root": ("_two_prod",), "_horner": ("_two_prod",),
        "_dd_add": ("_settled", "_add"), "_dd_sub": ("_settled", "_add", "_neg"), "_dd_mul": ("_settled", "_mul"),
        "_dd_mul_floats": ("_settled", "_two_prod"), "_dd_mul_power": ("_scaled",), "_dd_div": ("_guarded", "_div"),
        "_dd_sqrt": ("_guarded", "_root"),
        "_dd_cbrt": ("_guarded", "_add", "_mul", "_neg"), "_dd_hypot": ("_settled", "_root", "_add", "_mul", "_ldexp"),
        "_with_sign": ("_scaled",), "_expm1_parts": ("_add", "_add_float", "_mul", "_horner", "_ldexp"),
        "_log1p_near": ("_expm1_parts", "_where", "_neg"), "_dd_exp": ("_settled", "_expm1_parts"),
        "_dd_expm1": ("_settled", "_expm1_parts"), "_dd_log": ("_settled", "_log1p_near"),
        "_dd_log1p": ("_settled", "_log1p_near"), "_dd_pow": ("_settled", "_log1p_near", "_scaled"),
        "_dd_sinh": ("_settled", "_expm1_parts", "_with_sign", "_div"),
        "_dd_cosh": ("_settled", "_expm1_parts", "_with_sign", "_div"),
        "_dd_tanh": ("_settled", "_expm1_parts", "_with_sign", "_div"),
        "_dd_asinh": ("_settled", "_log1p_near", "_with_sign", "_root", "_div"),
        "_dd_acosh": ("_settled", "_log1p_near", "_root", "_scaled"),
        "_dd_atanh": ("_settled", "_log1p_near", "_with_sign", "_div"),
        "_turn": ("_add", "_add_float", "_mul", "_horner", "_where"), "_dd_sin": ("_settled", "_turn"),
        "_dd_cos": ("_settled", "_turn"), "_dd_tan": ("_settled", "_turn", "_div"), "_angle": ("_turn", "_neg", "_ldexp"),
        "_leg": ("_root", "_mul", "_add_float", "_neg"), "_dd_atan2": ("_settled", "_angle"),
        "_dd_atan": ("_settled", "_angle"), "_dd_asin": ("_settled", "_angle", "_leg"),
        "_dd_acos": ("_settled", "_angle", "_leg"),
        "_gauss": ("_expm1_parts", "_neg"), "_dd_gauss": ("_settled", "_gauss"),
        "_erfc_parts": ("_gauss", "_with_sign", "_where", "_div"), "_dd_erf": ("_settled", "_erfc_parts"),
        "_dd_erfc": ("_settled", "_erfc_parts"), "_erfcx": ("_erfc_parts",), "_dd_erfcx": ("_settled", "_erfcx"),
        "_dd_ierfcx": ("_settled", "_erfcx"), "_dd_less": (), "_dd_at_most": (), "_dd_equal": (),
        "_dd_abs": ("_with_sign",), "_dd_sign": (), "_dd_heaviside": (), "_dd_max": ("_where", "_dd_less"),
        "_dd_min": ("_where", "_dd_less"), "_dd_rowsum": ("_settled",),
    }
)  # fmt: skip
"""The functions that each function calls; those of a group that stands together in the template go by its first name."""

CONSTANTS: Mapping[str, str] = MappingProxyType(
    {
        "_expm1_parts": "exponential",
        "_log1p_near": "logarithm",
        "_dd_pow": "power",
        "_turn": "turn",
        "_erfc_parts": "error function",
        "_dd_ierfcx": "integral of the error function",
    }
)
"""The group of constants that a function reads."""


@dataclass(frozen=True, slots=True)
class Constants:
    """The constants of a module.

    Attributes:
        lines: their assignments.
        per_step: the text of 32/log(2).
        per_turn: the text of 16/pi.
    """

    lines: tuple[str, ...]
    per_step: str
    per_turn: str


@dataclass(frozen=True, slots=True)
class Library:
    """The double-double functions of a module.

    Attributes:
        functions: their names.
        constants: what they read.
    """

    functions: frozenset[str]
    constants: Constants


def library(graph: Graph, also: Collection[str] = ()) -> Library:
    """What a graph needs.

    Args:
        graph: a graph of primitive ops, and of the ops that ``accurate_ops`` brings in.
        also: functions that the text around calls.
    """
    called = {TEXTS[node.op].format.lstrip("~").split("(")[0] for node in graph.nodes if node.op in TEXTS}
    functions = with_needs([name for name in NEEDS if name in called or name in also], NEEDS)
    groups = [group for name, group in CONSTANTS.items() if name in functions]
    lines = tuple(line for group in groups for line in statements()[group])
    return Library(functions, Constants(lines, per_step(), per_turn()))
