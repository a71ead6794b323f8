"""Table of rules. A row that does not pay is not here: ``benchmarks/rules.py`` measures each row's gain (``docs/rules.md``)."""

from symgraph.compiler.rewrite.kernel_table import KERNEL_RULES, KERNEL_VALUE_RULES
from symgraph.compiler.rewrite.rule import Rule

_UNIT = (("x", -1.0, 1.0),)
_NEAR = (("x", -50.0, 50.0),)
_FAR = (("x", -1000.0, 1000.0),)
_INSIDE = (("x", 0.0, 1.0),)
_AROUND_1 = (("x", 0.0, 2.0),)
_TAIL = (("x", -25.0, 30.0),)
_PAIR = (("a", -10.0, 10.0), ("b", -10.0, 10.0))
_LOG1MEXP = "log1p(-exp(x if x < -1 else -1)) if x < -1 else log(-expm1(x))"

# halves, so that the sum overflows only where the result does; the divisor is 1 where the quotient is not chosen
_HYPOT_LESS_B = "mul(a/2, a/(hypot(a/2, b/2) + b/2 if b/2 > 0 else 1)) if b/2 > 0 else 2*(hypot(a/2, b/2) - b/2)"

_SMALL = "1/2**60"
"""Bound above which a value is not 0 when it is computed, in float32 either; exp(x) > 0 may be."""
_BETWEEN = f"{{0}} >= {_SMALL} and {{0}} <= 2**60"

# where a and b are close, their quotient is 1 plus a small number, which is 0 where this form is not chosen
_CLOSE = "abs(a - b) < b/2"
_LOG_LESS_LOG = f"log1p((a - b if {_CLOSE} else 0)/(b if {_CLOSE} else 1)) if {_CLOSE} else log(a) - log(b)"

_POSITIVE_B = "(b if b > 0 else 0)"
# a < b, both in the right tail, or mirrored there, divided by exp(-a**2)
_P, _Q = "((a if a > 0 else -b) if max(a, -b) > 1/2 else 0)", "((b if a > 0 else -a) if max(a, -b) > 1/2 else 1)"
_SCALED_ERFCS = f"erfcx({_P}) - exp(({_P} - {_Q})*({_P} + {_Q}))*erfcx({_Q})"
_ERFS = "erf(b if max(a, -b) <= 1/2 else 1) - erf(a if max(a, -b) <= 1/2 else -1)"
_LOG_OF_ERFCS = f"log({_SCALED_ERFCS}) - {_P}**2 if max(a, -b) > 1/2 else log({_ERFS})"
_LOG_OF_HALF_ERFCS = f"log(({_SCALED_ERFCS})/2) - {_P}**2 if max(a, -b) > 1/2 else log(({_ERFS})/2)"

_ERF_LESS_ERF = "(erfc(abs(b)) - erfc(abs(a)))*sign(a) if max(min(a, b), -max(a, b)) > 1/2 else erf(a) - erf(b)"
_ERFC_LESS_ERFC = "(erfc(abs(a)) - erfc(abs(b)))*sign(a) if max(min(a, b), -max(a, b)) > 1/2 else erf(b) - erf(a)"

_LOG_COSH = "(log1p(2*sinh(({0} if abs({0}) < 1 else 0)/2)**2) if abs({0}) < 1 else logaddexp({0}, -{0}) - log(2))"

# excess of the largest exponent over 80 or below -80: exponentials divided by its exponential neither overflow nor all vanish
_BEYOND, _TOO_LARGE = "stop({0} - max(min({0}, 80), -80))", "stop(max({0} - 80, 0))"
_SHIFT, _SHIFTED = _BEYOND.format("max(*a)"), f"add(*(p*exp(a - {_BEYOND.format('max(*all_a)')})))"
_SHIFT_OF_B, _ABOVE = _BEYOND.format("max(*b)"), _SHIFTED.replace("p*", "c*")
_OF_X = _TOO_LARGE.format("x")
_X_UP, _X_DOWN = "(x if x > 0 else 0)", "(0 if x > 0 else x)"
_BELOW = _SHIFTED.replace("(a -", "(b -").replace("all_a", "all_b")
_DOWN, _SHIFTED_DOWN = _TOO_LARGE.format("max(*a)"), f"add(*(p*exp(a - {_TOO_LARGE.format('max(*all_a)')})))"
_LOG1P_SUM = (
    f"log1p({_SHIFTED_DOWN} if {_DOWN} <= 0 else 0) if {_DOWN} <= 0 else {_DOWN} + log(exp(-{_DOWN}) + {_SHIFTED_DOWN})"
)

_CLOGLOG = "log1p(-exp(-exp(x if x > 0 else 0))) if x > 0 else (log(-expm1(-exp(x if x > -40 else -40))) if x > -40 else x)"

# where exp(a) may leave the range and p is above 0 by the logarithm of both, whose error is that of a then
_IS_FAR = "min(p, abs(a) - 80) > 0"
_OMEGA = (
    f"wrightomega((a if {_IS_FAR} else 0) + log(p if {_IS_FAR} else 1)) if {_IS_FAR} "
    f"else lambertw((0 if {_IS_FAR} else p)*exp(0 if {_IS_FAR} else a))"
)

_NEAR_0 = "abs(x) < 1/2"
_NEAR_1 = "min(2*abs(x), abs(n*log1p(x if x > -1 else 2**60))) < 1"
_EXPM1 = "expm1({1}*log1p(x if {0} else 0)) if {0} else {2} - 1"
_LOG_C = "n*(log(c) if c > 0 else 0)"
_POWER_LESS_1 = f"(expm1({_LOG_C}) if abs({_LOG_C}) < 1 else pow(c, n) - 1) if c > 0 else pow(c, n) - 1"
_ORDINARY_N = "constant(n) and (n >= 1/4 or n <= -1/4)"
_OPPOSITE = "not a <= 80 and not b >= -80 or not b <= 80 and not a >= -80"
_NEAR_BY = "not (a - b >= 1 or b - a >= 1)"
_EXP_LESS_EXP = "-c*max(exp(a), exp(b))*expm1(-abs(a - b))*sign(a - b)"

# fmt: off
RULES: tuple[Rule, ...] = (
    *KERNEL_RULES,
    # logarithms of exponentials
    Rule("log(1 + exp x)", "log(1 + exp(x))", "softplus(x)", "exp overflows; for x << 0 it is lost beside 1", _FAR),
    Rule("log1p(exp x)", "log1p(exp(x))", "softplus(x)", "exp overflows", _FAR),
    Rule("log(exp a + exp b + ...)", "log(sum(exp(a)))", "logaddexp(*a)", "exp overflows or is 0",
         (("a", -1000.0, 1000.0), ("b", -1000.0, 1000.0)), example="log(exp(a) + exp(b))"),
    Rule("log(p exp a + q exp b + ...)", "log(sum(p*exp(a)))", "logaddexp(*(best(log(p)) + a))", "exp overflows or is 0",
         (("a", -1000.0, 1000.0), ("c", 0.1, 10.0)), when="positive(p) and not moderate(a)", example="log(c + exp(a))"),
    Rule("log(r (p exp a + ...))", "log((sum(p*exp(a)))*r)", "best(log(r)) + logaddexp(*(best(log(p)) + a))",
         "exp overflows or is 0", (("a", -1000.0, 1000.0), ("b", -1000.0, 1000.0), ("r", 0.1, 10.0)),
         when="positive(p) and positive(r) and not moderate(a)", example="log(r*(exp(a) + exp(b)))"),
    Rule("log(exp a + exp b + ...) - a", "logaddexp(a, *b) - a", "softplus(logaddexp(*b) - a)", "cancels for a >> b",
         (("a", -50.0, 50.0), ("b", -50.0, 50.0)), example="log(exp(a) + exp(b)) - a"),
    Rule("log(exp a + exp b + ...) - (a or r)", "logaddexp(a, *b) - select(c, a, r)",
         "select(c, softplus(logaddexp(*b) - a), best(logaddexp(a, *b) - r))", "cancels where the chosen one is the largest",
         (("a", -50.0, 50.0), ("b", -50.0, 50.0), ("c", -1.0, 1.0)),
         example="log(exp(a) + exp(b)) - Piecewise((a, c > 0), (b, True))"),
    Rule("log(1 + exp x) - x", "softplus(x) - x", "softplus(-x)", "cancels for x >> 0", _NEAR, example="log(1 + exp(x)) - x"),
    Rule("log(r sigmoid x)", "log(sigmoid(x)*r)", "best(log(r)) + log_sigmoid(x)", "sigmoid is 0 for x << 0 and 1 for x >> 0",
         (("x", -1000.0, 1000.0), ("r", 0.1, 10.0))),
    Rule("xlogy(y, sigmoid x)", "xlogy(y, sigmoid(x))", "y*log_sigmoid(x)", "sigmoid is 0 for x << 0 and 1 for x >> 0",
         (("x", -1000.0, 1000.0), ("y", 0.0, 1.0))),
    Rule("xlogy(y, exp x)", "xlogy(y, exp(x))", "y*x", "exp overflows, and is 0 for x << 0",
         (("x", -1000.0, 1000.0), ("y", 0.0, 1.0))),
    Rule("log1p(-sigmoid x)", "log1p(-sigmoid(x))", "log_sigmoid(-x)", "sigmoid is 1 for x >> 0", _FAR),
    Rule("logit(sigmoid x)", "logit(sigmoid(x))", "x", "sigmoid is 1/2 for small x, and 1 for x >> 0", _FAR),
    Rule("atanh(tanh x)", "atanh(tanh(x))", "x", "tanh is 1 for large x", _NEAR),
    Rule("log(1 - exp(-exp x))", "log(-expm1(-exp(x)))", _CLOGLOG, "exp(x) is 0 for x << 0", _FAR, when="not x >= -80",
         example="log(1 - exp(-exp(x)))"),
    Rule("log(1 - exp x)", "log(-expm1(x))", _LOG1MEXP, "1 - exp(x) is 1 for x << 0", (("x", -100.0, 0.0),),
         example="log(1 - exp(x))"),
    Rule("log1p(-exp x)", "log1p(-exp(x))", _LOG1MEXP, "exp(x) near 1 loses digits of x", (("x", -100.0, 0.0),)),
    Rule("log(exp x - 1)", "log(expm1(x))", "x + log(-expm1(-x))", "exp overflows", (("x", 0.0, 1000.0),),
         example="log(exp(x) - 1)"),
    Rule("log(r (exp x - 1))", "log(expm1(x)*r)", "max(x, 0) + best(log(-expm1(-abs(x))*sign(x)*r))", "exp overflows",
         (("x", 0.0, 1000.0), ("r", 0.1, 10.0)), when="not x <= 80", example="log(r*(exp(x) - 1))"),
    Rule("log(1 + p exp a + ...), p of any sign", "log(1 + sum(p*exp(a)))", _LOG1P_SUM, "exp overflows",
         (("a", -900.0, 900.0), ("c", 0.0, 10.0)), when="not limited(a)", example="log(1 + c*exp(a))"),
    Rule("log(p exp a + q exp b + ...), p of any sign", "log(sum(p*exp(a)))", f"{_SHIFT} + log({_SHIFTED})",
         "exp overflows or is 0", (("a", -900.0, 900.0), ("b", -900.0, 900.0), ("c", 0.0, 1.0)),
         when="not moderate(a)", example="log(c*exp(a) + exp(b))"),
    Rule("log(r (p exp a + ...)), p of any sign", "log((sum(p*exp(a)))*r)",
         f"best(log(r)) + {_SHIFT} + log({_SHIFTED})", "exp overflows or is 0",
         (("a", -900.0, 900.0), ("b", -900.0, 900.0), ("c", 0.0, 1.0), ("r", 0.1, 10.0)),
         when="positive(r) and not moderate(a)", example="log(r*(c*exp(a) + exp(b)))"),
    Rule("log(r/(p exp a + ...))", "log(r/(sum(p*exp(a))))", "best(log(r)) - logaddexp(*(best(log(p)) + a))",
         "exp overflows or is 0", (("a", -1000.0, 1000.0), ("b", -1000.0, 1000.0), ("r", 0.1, 10.0)),
         when="positive(p) and positive(r) and not moderate(a)", example="log(r/(exp(a) + exp(b)))"),
    Rule("log(2 cosh x)", "log(2*cosh(x))", "best(log(cosh(x))) + log(2)", "cosh overflows", _FAR),
    Rule("log(cosh x)", "log(cosh(x))", _LOG_COSH.format("x"), "cosh near 1 loses digits of x, and overflows", _FAR),
    Rule("log(r sinh x)", "log(sinh(x)*r)", "best(log(r)) + best(log(sinh(x)))", "sinh overflows",
         (("x", 0.0, 1000.0), ("r", 0.1, 10.0)), when="positive(r) and not x <= 80"),
    Rule("log(sinh x)", "log(sinh(x))", "log(sinh(x if x < 40 else 40)) if x < 40 else x - log(2)", "sinh overflows",
         (("x", 0.0, 1000.0),), when="not x <= 80"),
    Rule("log(sech^2 x)", "log(sech(x)**2)", f"-2*{_LOG_COSH.format('x')}", "sech is 0 for |x| >> 0; near 1 it loses digits",
         _FAR, example="log(1 - tanh(x)**2)"),
    Rule("log(sech x)", "log(sech(x))", f"-{_LOG_COSH.format('x')}", "sech is 0 for |x| >> 0; near 1 it loses digits", _FAR),
    Rule("log(softplus x)", "log(softplus(x))", "log(softplus(x if x > -40 else -40)) if x > -40 else x",
         "softplus is 0 for x << 0", _FAR, when="not x >= -80", example="log(node(log(1 + exp(x))))"),
    Rule("log(r exp x)", "log(exp(x)*r)", "best(log(r)) + x", "exp is 0 for x << 0, as in likelihoods far from the data",
         (("x", -1000.0, 0.0), ("r", 0.1, 10.0))),
    # logarithms of error functions
    Rule("log(s (p if c else r exp x))", "log(select(c, p, exp(x)*r)*s)",
         "select(c, log(select(c, p, 1)*s), x + log(select(c, 1, r)*s))", "exp is 0 for x << 0",
         (("x", -1000.0, 0.0), ("r", 0.1, 10.0), ("p", 0.1, 10.0), ("c", -1.0, 1.0)),
         when="not x >= -80", example="log(Piecewise((p, c > 0), (r*exp(x), True)))"),
    Rule("log(s (p if c else r sinh x))", "log(select(c, p, sinh(x)*r)*s)",
         "select(c, log(select(c, p, 1)*s), log(select(c, 1, sinh(max(min(x, 40), -40))*r)*s) if abs(x) < 40 else "
         "abs(x) + log(select(c, 1, sign(x)*r)*s/2))", "sinh overflows",
         (("x", 0.0, 1000.0),), when="not x <= 80", example="log(Piecewise((2, x > 1000), (sinh(x)/x, True)))"),
    Rule("log(erfc(x)/2)", "log(erfc(x)/2)", "log_half_erfc(x)", "erfc is 0 for x >> 0, and 2 for x << 0", _TAIL),
    Rule("log(erfc x)", "log(erfc(x))", "log_erfc(x)", "erfc is 0 for x >> 0", _TAIL),
    Rule("log(r erfc x)", "log(erfc(x)*r)", "best(log(2*r)) + log_half_erfc(x)", "erfc is 0 for x >> 0",
         (*_TAIL, ("r", 0.1, 10.0))),
    Rule("log1p(-erf x)", "log1p(-erf(x))", "log_erfc(x)", "erf is 1 for x >> 0", _TAIL),
    Rule("log1p(-erfc(x)/2)", "log1p(-erfc(x)/2)", "log_half_erfc(-x)", "erfc is 2 for x << 0", (("x", -30.0, 25.0),)),
    Rule("xlogy(y, erfc(x)/2)", "xlogy(y, erfc(x)/2)", "y*log_half_erfc(x)", "erfc is 0 for x >> 0", (*_TAIL, ("y", 0.0, 1.0))),
    Rule("log(erfc a - erfc b)", "log(erfc(a) - erfc(b))", _LOG_OF_ERFCS, "both vanish, or are 2",
         (("a", -30.0, 30.0), ("d", 1.0, 10.0)), example="log(erfc(a) - erfc(a + d))"),
    Rule("log(erfc(a)/2 - erfc(b)/2)", "log(erfc(a)/2 - erfc(b)/2)", _LOG_OF_HALF_ERFCS, "both vanish, or are 2",
         (("a", -30.0, 30.0), ("d", 1.0, 10.0)), example="log(erfc(a)/2 - erfc(a + d)/2)"),
    Rule("log(erf b - erf a)", "log(erf(b) - erf(a))", _LOG_OF_ERFCS, "both are 1, or -1",
         (("a", -30.0, 30.0), ("d", 1.0, 10.0)), example="log(erf(a + d) - erf(a))"),
    Rule("log(erf(b)/2 - erf(a)/2)", "log(erf(b)/2 - erf(a)/2)", _LOG_OF_HALF_ERFCS, "both are 1, or -1",
         (("a", -30.0, 30.0), ("d", 1.0, 10.0)), example="log(erf(a + d)/2 - erf(a)/2)"),
    # logarithms near 1
    Rule("log((1 + x)/(1 - x))", "log((1 + x)/(1 - x))", "2*atanh(x)", "the quotient near 1 loses digits of x", _UNIT),
    Rule("log(x/(1 - x))", "log(x/(1 - x))", "logit(x)", "the quotient rounds near x = 1/2", _INSIDE),
    Rule("log x - log(1 - x)", "log(x) - log1p(-x)", "logit(x)", "the logarithms cancel near x = 1/2", _INSIDE,
         example="log(x) - log(1 - x)"),
    Rule("log a - log b", "log(a) - log(b)", _LOG_LESS_LOG, "logarithms and slopes cancel for a near b",
         (("x", 0.0, 10.0), ("h", 0.0, 10.0)), when="single(a - b)", example="log(x + h) - log(x)"),
    Rule("log(x + sqrt(x^2 + 1))", "log(x + sqrt(x**2 + 1))", "asinh(x)", "cancels for x < 0 and rounds near 1", _NEAR),
    Rule("log(sqrt(x^2 + 1) - x)", "log(sqrt(x**2 + 1) - x)", "-asinh(x)", "cancels for x > 0 and rounds near 1", _NEAR),
    Rule("log(x + sqrt(x^2 - 1))", "log(x + sqrt(x**2 - 1))", "acosh(x)", "the sum rounds near 1", (("x", 1.0, 10.0),)),
    Rule("log(x - sqrt(x^2 - 1))", "log(x - sqrt(x**2 - 1))", "-acosh(x)", "the sum cancels", (("x", 1.0, 10.0),)),
    Rule("acosh(1/sqrt(1 - x^2))", "acosh(1/sqrt(1 - x**2))", "atanh(abs(x))", "the argument rounds to 1: no derivative there",
         _UNIT),
    Rule("log(x^2)", "log(x**2)", "2*log(abs(x))", "the square rounds near 1, overflows and underflows", _AROUND_1),
    Rule("log(sqrt x)", "log(sqrt(x))", "log(x)/2", "the root rounds near 1", _AROUND_1),
    Rule("log(1/x)", "log(1/x)", "-best(log(x))", "the quotient rounds near 1", _AROUND_1),
    Rule("log(x^n)", "log(x**n)", "n*log(x)", "the power rounds near 1 and overflows", (("x", 0.0, 2.0), ("n", 0.5, 100.0)),
         when="x > 0 or n > 0 or n < 0"),
    Rule("log(1 + x)", "log(1 + x)", "log1p(x)", "1 + x rounds: all digits are lost for small x", _UNIT,
         when="single(x) or side(x) or x >= -1/2"),
    # exponentials
    Rule("exp x - 1", "exp(x) - 1", "expm1(x)", "all digits are lost for small x", _UNIT),
    Rule("exp 2x - 2 exp x + 1", "exp(2*x) - 2*exp(x) + 1", "expm1(x)**2", "all digits are lost for small x", _UNIT),
    Rule("1 + expm1 x", "1 + expm1(x)", "exp(x)", "all digits are lost for x << 0", _FAR, example="1 - node(1 - exp(x))"),
    Rule("exp x - exp(-x)", "exp(x) - exp(-x)", "2*sinh(x)", "all digits are lost for small x", _UNIT),
    Rule("exp x + exp(-x)", "exp(x) + exp(-x)", "2*cosh(x)", "the derivative cancels for small x", _UNIT),
    Rule("cosh x - 1", "cosh(x) - 1", "2*sinh(x/2)**2", "all digits are lost for small x", _UNIT),
    Rule("exp(log x)", "exp(log(x))", "x", "the error of log is multiplied by log x", (("x", 1e-9, 1e9),), when="x > 0",
         example="exp(node(log(x)))"),
    Rule("(1 + x)^n - 1", "(1 + x)**n - 1", "expm1(n*log1p(x))", "1 + x rounds: all digits are lost for small x",
         (("x", -0.2, 0.2), ("n", 0.5, 30.0)), when="x >= -1/4 and x <= 1/4"),
    Rule("exp a exp b", "exp(a)*exp(b)", "exp(a + b)", "one overflows where the other vanishes",
         (("a", -900.0, 900.0), ("b", -900.0, 900.0)), when=_OPPOSITE, example="exp(a)*node(exp(b))"),
    Rule("exp a sigmoid b", "exp(a)*sigmoid(b)", "exp(a + log_sigmoid(b))", "one overflows where the other vanishes",
         (("a", -900.0, 900.0), ("b", -900.0, 900.0)), when="not a <= 80 and not b >= -80"),
    Rule("exp a cosh b", "exp(a)*cosh(b)", f"exp(a + {_LOG_COSH.format('b')})", "one overflows where the other vanishes",
         (("a", -900.0, 0.0), ("b", -900.0, 900.0)), when="not a >= -80 and not (b <= 80 and b >= -80)"),
    Rule("(c exp a + d exp b + ...)/(exp a + exp b + ...)", "1/(sum(exp(a)))*(sum(c*exp(a)))",
         "add(*(c*sigmoid(a - logaddexp(*others_a))))", "both overflow or are 0",
         (("a", -1000.0, 1000.0), ("b", -1000.0, 1000.0), ("c", -10.0, 10.0)),
         example="(c*exp(a) + 3*exp(b))/(exp(a) + exp(b))"),
    Rule("(c exp a + ...)/(p exp b + ...)", "(sum(c*exp(a)))/(sum(p*exp(b)))",
         f"exp({_SHIFT} - {_SHIFT_OF_B})*({_ABOVE})/({_BELOW})",
         "both overflow or are 0", (("a", -900.0, 900.0), ("b", -900.0, 900.0), ("c", 0.1, 10.0)),
         when="not shifted(b) and not moderate(a) and not moderate(b)", example="(exp(a) - c)/(1 + c*exp(a) + exp(b))"),
    Rule("(c exp x + d)/(exp x - 1)", "(c*exp(x) + d)/expm1(x)", "d*best(1/expm1(x)) - c*best(1/expm1(-x))", "both overflow",
         (("x", -900.0, 900.0), ("c", 0.1, 10.0), ("d", 0.1, 10.0)), when="not x <= 40", example="(c*exp(x) - d)/(exp(x) - 1)"),
    Rule("(c exp a + ...)/(exp x - 1)", "(sum(c*exp(a)))/expm1(x)",
         f"exp({_SHIFT} - {_OF_X})*({_ABOVE})/(expm1(x - {_OF_X}) - expm1(-{_OF_X}))", "both overflow",
         (("x", -900.0, 900.0), ("c", 0.1, 10.0), ("y", -700.0, 700.0)),
         when="not limited(a) and not x <= 80 and not shifted(x)", example="(c - exp(y))/(1 - exp(x))"),
    Rule("1/(exp x - 1)", "1/expm1(x)", "exp(-max(x, 0))/(-expm1(-abs(x)))*sign(x)", "the derivative is 0 from x = 360 on",
         _FAR, when="not x <= 40", example="1/(exp(x) - 1)"),
    Rule("exp x/(q + p (exp x - 1))", "exp(x)/(q + p*expm1(x))",
         f"exp({_X_DOWN})/(q*exp(-{_X_UP}) - p*expm1(-{_X_UP}) if x > 0 else q + p*expm1({_X_DOWN}))", "both overflow",
         (("x", -900.0, 900.0), ("p", 0.1, 10.0), ("q", 0.1, 10.0)), when="not x <= 40", example="exp(x)/(q + p*(exp(x) - 1))"),
    Rule("1/(q + p (exp x - 1))", "1/(q + p*expm1(x))",
         "exp(-max(x, 40))/(q*exp(-max(x, 40)) - p*expm1(-max(x, 40))) if x > 40 else 1/(q + p*expm1(min(x, 40)))",
         "the derivative is 0 from x = 360 on", (("x", -900.0, 900.0), ("p", 0.1, 10.0), ("q", 0.1, 10.0)), when="not x <= 40",
         example="1/(q + p*(exp(x) - 1))"),
    Rule("(exp x - 1)^n", "expm1(x)**n", "exp(n*max(x, 0))*pow(-expm1(-abs(x))*sign(x), n)", "overflow",
         (("x", 0.0, 900.0),), when="constant(n) and not whole(n) and not x <= 40", example="1/(exp(x) - 1)**Rational(3, 2)"),
    # sigmoids
    Rule("log(sigmoid a - sigmoid b)", "log(sigmoid(a) - sigmoid(b))",
         "log_sigmoid(a) + log_sigmoid(-b) + best(log(-expm1(b - a)))",
         "the sigmoids cancel or vanish", (("b", -50.0, 50.0), ("d", 0.1, 100.0)), example="log(sigmoid(b + d) - sigmoid(b))"),
    Rule("sinh x/cosh x", "sinh(x)/cosh(x)", "tanh(x)", "both overflow", _FAR),
    Rule("(exp x - 1)/(exp x + 1)", "expm1(x)/(exp(x) + 1)", "tanh(x/2)", "both overflow", _FAR,
         example="(exp(x) - 1)/(exp(x) + 1)"),
    Rule("exp x/cosh x", "exp(x)/cosh(x)", "2*sigmoid(2*x)", "both overflow", _FAR),
    Rule("1/cosh x", "1/cosh(x)", "sech(x)", "the derivative is 0 from x = 360 on", _FAR),
    Rule("1/(p cosh x + q)", "1/(p*cosh(x) + q)", "sech(x)/(p + q*sech(x))", "the derivative is 0 from x = 360 on",
         (("x", -900.0, 900.0), ("p", 0.1, 10.0), ("q", 0.1, 10.0)), when="not (x <= 40 and x >= -40)"),
    Rule("sinh x sech x", "sinh(x)*sech(x)", "tanh(x)", "sinh overflows and sech vanishes", _FAR),
    Rule("exp a sech b", "exp(a)*sech(b)", f"exp(a - {_LOG_COSH.format('b')})", "exp overflows and sech vanishes",
         (("a", -900.0, 900.0), ("b", -900.0, 900.0)), when="not a <= 80 and not (b <= 80 and b >= -80)"),
    Rule("exp x csch x", "exp(x)*csch(x)", "-2*best(1/expm1(-2*x))", "exp overflows, csch vanishes", _FAR, when="not x <= 80"),
    Rule("exp a csch b", "exp(a)*csch(b)", "2*exp(a - abs(b))/(-expm1(-2*abs(b)))*sign(b)", "exp overflows and csch vanishes",
         (("a", -900.0, 900.0), ("b", -900.0, 900.0)), when="not a <= 80 and not (b <= 80 and b >= -80)"),
    Rule("cosh a sech b", "cosh(a)*sech(b)", f"exp({_LOG_COSH.format('a')} - {_LOG_COSH.format('b')})",
         "cosh overflows and sech vanishes", (("a", -900.0, 900.0), ("b", -900.0, 900.0)),
         when="not (a <= 80 and a >= -80) and not (b <= 80 and b >= -80)", example="cosh(a)*node(sech(b))"),
    Rule("exp a/(exp a + exp b + ...)", "exp(a)/(exp(a) + sum(exp(b)))", "sigmoid(a - logaddexp(*b))", "exp overflows",
         (("a", -900.0, 900.0), ("b", -900.0, 900.0)), example="exp(a)/(exp(a) + exp(b))"),
    Rule("p exp a/(p exp a + q exp b + ...)", "p*exp(a)/(p*exp(a) + sum(q*exp(b)))",
         "sigmoid(a + log(p) - logaddexp(*(b + best(log(q)))))", "no digits of derivatives in the tails; exp overflows or is 0",
         (("a", -900.0, 900.0), ("b", -900.0, 900.0)), when="positive(p) and positive(q)",
         example="3*exp(a)/(3*exp(a) + 7*exp(b))"),
    Rule("1/(1 + exp x)", "1/(1 + exp(x))", "sigmoid(-x)", "no derivative where exp overflows", _FAR),
    Rule("1/(1 + exp a + exp b + ...)", "1/(1 + sum(exp(b)))", "sigmoid(-logaddexp(*b))", "no derivative where exp overflows",
         (("a", -900.0, 900.0), ("b", -900.0, 900.0)), example="1/(1 + exp(a) + exp(b))"),
    Rule("1/(1 + p exp a + ...)", "1/(1 + sum(p*exp(a)))", "sigmoid(-logaddexp(*(a + best(log(p)))))",
         "no derivative where exp overflows", (("a", -900.0, 900.0), ("c", 0.1, 10.0)),
         when="positive(p) and not moderate(a)", example="1/(1 + c*exp(a))"),
    Rule("1/exp x", "1/exp(x)", "exp(-x)", "the derivative is 0 from x = 360 on", _FAR, example="1/node(exp(x))"),
    Rule("1 - sigmoid x", "1 - sigmoid(x)", "sigmoid(-x)", "all digits are lost for x >> 0", _FAR),
    Rule("sigmoid x sigmoid(-x)", "sigmoid(x)*sigmoid(-x)", "sech(x/2)**2/4", "the slope cancels for small x",
         (("x", -10.0, 10.0),)),
    Rule("2 sigmoid x - 1", "2*sigmoid(x) - 1", "tanh(x/2)", "all digits are lost for small x", _UNIT),
    Rule("1 - tanh^2 x", "1 - tanh(x)**2", "sech(x)**2", "all digits are lost for |x| >> 0", _NEAR),
    Rule("1 - tanh x", "1 - tanh(x)", "2*sigmoid(-2*x)", "all digits are lost for x >> 0", _NEAR),
    Rule("cosh x/sinh x", "cosh(x)/sinh(x)", "1/tanh(x)", "both overflow", _FAR),
    Rule("1/sinh x", "1/sinh(x)", "csch(x)", "the derivative is 0 from x = 360 on", _FAR, when="not (x <= 40 and x >= -40)"),
    Rule("(1 + exp x)^n", "(1 + exp(x))**n", "exp(n*softplus(x))", "exp overflows; for x << 0 it is lost beside 1",
         (("x", -1000.0, 1000.0), ("n", -2.0, 2.0)), when="not constant(n) or n < 1 and not whole(n) and not x <= 80"),
    Rule("(1 + p exp a + ...)^n, p of any sign", "(1 + sum(p*exp(a)))**n", "exp(n*best(log(1 + add(*(p*exp(a))))))",
         "exp overflows", (("a", -900.0, 900.0), ("c", 0.1, 10.0), ("n", -1.0, 1.0)),
         when="not constant(n) and not limited(a)", example="(1 + c*exp(a))**n"),
    Rule("(p exp a)^n", "(p*exp(a))**n", "pow(p, n)*exp(n*a)", "where exp is 0, the derivative is 0 times infinity",
         (("a", -1500.0, 1500.0), ("p", 0.1, 10.0), ("n", 0.1, 0.9)), when="not constant(n) and not (a <= 80 and a >= -80)",
         example="(p*exp(a))**n"),
    Rule("exp a/(p exp b + ...)", "exp(a)/(sum(p*exp(b)))", "exp(a - logaddexp(*(b + best(log(p)))))",
         "both overflow or are 0",
         (("a", -900.0, 900.0), ("b", -900.0, 900.0), ("c", -900.0, 900.0)),
         when="positive(p) and not shifted(b) and not moderate(b) and not (a <= 80 and a >= -80)",
         example="exp(a)/(exp(b) + exp(c))"),
    Rule("exp a/(p exp b + ...), p of any sign", "exp(a)/(sum(p*exp(b)))", f"exp(a - {_SHIFT_OF_B})/({_BELOW})",
         "both overflow or are 0",
         (("a", -900.0, 900.0), ("b", -900.0, 900.0), ("c", 0.0, 10.0)),
         when="not shifted(b) and not moderate(b) and not (a <= 80 and a >= -80)",
         example="exp(a)/(1 + c*exp(a) + exp(b))"),
    Rule("c^n/(k^n + c^n)", "c**n/(k**n + c**n)", "sigmoid(n*log(c/k))", "the derivatives cancel for c >> k; powers overflow",
         (("c", 1e-6, 1e3), ("k", 1e-6, 1e3), ("n", 0.5, 50.0)),
         when=f"not constant(n) and {_BETWEEN.format('c')} and {_BETWEEN.format('k')}"),
    # the inverse of x*exp(x)
    Rule("W(exp x)", "lambertw(exp(x))", "wrightomega(x)", "exp overflows, and is 0 for x << 0", _FAR,
         example="LambertW(exp(x))"),
    Rule("W(p exp a)", "lambertw(p*exp(a))", _OMEGA, "exp overflows, and is 0 for a << 0",
         (("a", -900.0, 900.0), ("p", 0.0, 10.0)), when="not (a <= 80 and a >= -80)", example="LambertW(p*exp(a))"),
    # error functions
    Rule("exp(x^2) erfc x", "exp(x**2)*erfc(x)", "erfcx(x)", "exp overflows and erfc is 0 for x >> 0", (("x", -20.0, 30.0),)),
    Rule("exp a/erfc b", "exp(a)/erfc(b)", f"exp(a + {_POSITIVE_B}**2)/(erfcx({_POSITIVE_B}) if b > 0 else erfc(b))",
         "both vanish for b >> 0", (("a", -900.0, 0.0), ("b", -10.0, 30.0)), when="not a >= -80 and not b <= 8"),
    Rule("gauss x erfcx x", "gauss(x)*erfcx(x)", "erfc(x)", "erfcx overflows for x << 0", (("x", -28.0, 10.0),)),
    Rule("exp a erfc b", "exp(a)*erfc(b)", "exp(a + log_erfc(b))", "exp overflows and erfc is 0 for b >> 0",
         (("a", -700.0, 900.0), ("b", -10.0, 30.0)), when="not a <= 80 and not b <= 8"),
    Rule("2 - erfc x", "2 - erfc(x)", "erfc(-x)", "all digits are lost for x << 0", (("x", -25.0, 25.0),)),
    Rule("1 - erf x", "1 - erf(x)", "erfc(x)", "all digits are lost for x >> 0", (("x", -25.0, 25.0),)),
    Rule("1 - erfc x", "1 - erfc(x)", "erf(x)", "all digits are lost for small x", _UNIT),
    # trigonometric
    Rule("1 - cos^2 x", "1 - cos(x)**2", "sin(x)**2", "all digits are lost for small x", _UNIT),
    Rule("1 - sin^2 x", "1 - sin(x)**2", "cos(x)**2", "all digits are lost near pi/2", (("x", 0.0, 3.1415926535897931),)),
    Rule("1 - cos x", "1 - cos(x)", "2*sin(x/2)**2", "all digits are lost for small x", _UNIT),
    Rule("1 + cos x", "1 + cos(x)", "2*cos(x/2)**2", "all digits are lost near pi", (("x", 0.0, 6.2831853071795862),)),
    Rule("a cos x - a", "a*cos(x) - a", "-2*a*sin(x/2)**2", "all digits are lost for small x",
         (("x", -1.0, 1.0), ("a", -10.0, 10.0)), example="a*cos(x) - a"),
    Rule("a cosh x - a", "a*cosh(x) - a", "2*a*sinh(x/2)**2", "all digits are lost for small x",
         (("x", -1.0, 1.0), ("a", -10.0, 10.0)), example="a*cosh(x) - a"),
    Rule("asin(tanh x)", "asin(tanh(x))", "2*atan(tanh(x/2))", "the derivative is 0/0 for |x| >> 0", _FAR),
    Rule("acos(tanh x)", "acos(tanh(x))", "2*atan(exp(-x))", "all digits are lost for x >> 0; the derivative is 0/0", _FAR),
    Rule("sin x/x", "sin(x)/x", "sinc(x)", "no value at 0; the derivative cancels near it", _UNIT),
    # choices
    Rule("(a if c else r) - (b if c else s)", "select(c, a, r) - select(c, b, s)", "select(c, a - b, r - s)",
         "the cancellation is hidden", (("a", -10.0, 10.0), ("b", -1e9, 1e9), ("c", -1.0, 1.0)), when="single(a - b)",
         example="Piecewise((a + b, c > 0), (1, True)) - Piecewise((b, c > 0), (3, True))"),
    # powers and roots
    Rule("x log x", "x*log(x)", "xlogx(x)", "no value at 0", _INSIDE),
    Rule("sqrt(1 + exp x)", "sqrt(1 + exp(x))", "exp(softplus(x)/2)", "exp overflows", _FAR),
    Rule("sqrt(r sigmoid x)", "sqrt(sigmoid(x)*r)", "sqrt(r)*exp(log_sigmoid(x)/2)", "sigmoid is 0 for x << 0, its slope 0/0",
         (("x", -1400.0, 1400.0), ("r", 0.1, 10.0)), when="not x >= -80"),
    Rule("sqrt(r exp x)", "sqrt(exp(x)*r)", "sqrt(r)*exp(x/2)", "exp overflows, and is 0 for x << 0; no derivative then",
         (("x", -1400.0, 1400.0), ("r", 0.1, 10.0)), when="not (x <= 80 and x >= -80)", example="sqrt(r*node(exp(x)))"),
    Rule("sqrt(x^2)", "sqrt(x**2)", "abs(x)", "the square overflows and underflows", (("x", -1e200, 1e200),),
         example="sqrt(node(x**2))"),
    Rule("sqrt(a^2 + b^2 + ...)", "sqrt(sum(a**2))", "hypot(*a)", "squares overflow and underflow; no derivative at 0",
         (("a", -1e200, 1e200), ("b", -1e200, 1e200)), when="not ordinary(a)", example="sqrt(a**2 + b**2)"),
    Rule("sqrt a - sqrt b", "sqrt(a) - sqrt(b)", "(a - b)/(sqrt(a) + sqrt(b))", "roots cancel", (("x", 0.0, 1e9),),
         when=f"single(a - b) and (a >= {_SMALL} or b >= {_SMALL} or a - b >= {_SMALL} or b - a >= {_SMALL})",
         example="sqrt(x + 1) - sqrt(x)"),
    Rule("sqrt a - sqrt b, 0 or not", "sqrt(a) - sqrt(b)", "(a - b)/(1 if sqrt(a) + sqrt(b) <= 0 else sqrt(a) + sqrt(b))",
         "roots cancel", (("x", 0.0, 1e9), ("h", 0.0, 10.0)), when="single(a - b)", example="sqrt(x + h) - sqrt(x)"),
    Rule("1/sqrt a - 1, a <= 2", "1/sqrt(a) - 1", "(1 - a)/(sqrt(a)*(1 + sqrt(a)))", "cancels for a near 1", _UNIT,
         when="single(1 - a) and a <= 2", example="1/sqrt(1 - x**2) - 1"),
    Rule("1/sqrt a - 1", "1/sqrt(a) - 1", "(1 - a)/(sqrt(a)*(1 + sqrt(a))) if abs(1 - a) < 1/2 else 1/sqrt(a) - 1",
         "cancels for a near 1", (("x", 0.0, 100.0),), when="single(1 - a)", example="1/sqrt(1 + x) - 1"),
    Rule("a/sqrt b - a, b <= 2", "a/sqrt(b) - a", "a*(1 - b)/(sqrt(b)*(1 + sqrt(b)))", "cancels for b near 1",
         (("x", -1.0, 1.0), ("a", -10.0, 10.0)), when="single(1 - b) and b <= 2", example="a/sqrt(1 - x**2) - a"),
    Rule("a/sqrt b - a", "a/sqrt(b) - a", "a*(1 - b)/(sqrt(b)*(1 + sqrt(b))) if abs(1 - b) < 1/2 else a/sqrt(b) - a",
         "cancels for b near 1", (("x", 0.0, 100.0), ("a", -10.0, 10.0)), when="single(1 - b)", example="a/sqrt(1 + x) - a"),
    Rule("a sqrt b - a", "a*sqrt(b) - a", "a*(b - 1)/(sqrt(b) + 1)", "cancels for b near 1",
         (("x", -1.0, 1.0), ("a", -10.0, 10.0)), when="single(b - 1)", example="a*sqrt(1 + x) - a"),
    Rule("(1 + x)^2 - 1", "(1 + x)**2 - 1", "x*(2 + x) if abs(x) < 1/2 else (1 + x)**2 - 1",
         "1 + x rounds: all digits are lost for small x", _UNIT, when="single(x)"),
    Rule("(1 + x)^3 - 1", "(1 + x)**3 - 1", "x*(3 + x*(3 + x)) if abs(x) < 1/2 else (1 + x)**3 - 1",
         "1 + x rounds: all digits are lost for small x", _UNIT, when="single(x)"),
    Rule("(1 + x)^n - 1, constant n", "(1 + x)**n - 1", _EXPM1.format(_NEAR_0, "n", "pow(1 + x, n)"),
         "1 + x rounds: all digits are lost for small x", (("x", 0.0, 10.0),), when=f"single(x) and {_ORDINARY_N}",
         example="(1 + x)**5 - 1"),
    Rule("1/(1 + x)^n - 1, constant n", "1/(1 + x)**n - 1", _EXPM1.format(_NEAR_0, "-n", "1/pow(1 + x, n)"),
         "1 + x rounds: all digits are lost for small x", (("x", 0.0, 10.0),), when=f"single(x) and {_ORDINARY_N}",
         example="1/(1 + x)**3 - 1"),
    Rule("(1 + x)^n - 1, any x and n", "(1 + x)**n - 1", _EXPM1.format(_NEAR_1, "n", "pow(1 + x, n)"),
         "cancels for small x or n", (("x", -0.9, 10.0), ("n", -30.0, 30.0)), when="single(x)"),
    Rule("c^n - 1", "c**n - 1", _POWER_LESS_1, "cancels for n near 0", (("c", 0.1, 10.0), ("n", -1.0, 1.0)),
         when="not constant(n) and not single(c - 1)"),
    Rule("sqrt a - b, b > 0", "sqrt(a) - b", "(a - b**2)/(sqrt(a) + b)", "the root cancels with b",
         (("b", 1e-9, 10.0), ("c", -1e-9, 1.0)), when=f"single(a - b**2) and b >= {_SMALL}", example="sqrt(b**2 + c) - b"),
    Rule("sqrt a - b", "sqrt(a) - b", "(a - b**2)/(sqrt(a) + b if b > 0 else 1) if b > 0 else sqrt(a) - b",
         "the root cancels with b > 0", (("b", -10.0, 10.0), ("c", 0.0, 1.0)), when="single(a - b**2) and not b <= 0",
         example="sqrt(b**2 + c) - b"),
    Rule("sqrt(a^2 + b^2) - b, b > 0", "hypot(a, b) - b", "mul(a/2, a/(hypot(a/2, b/2) + b/2))", "the root cancels with b",
         (("a", -1e20, 1e20), ("b", 1e-9, 1e20)), when=f"b >= {_SMALL}", example="sqrt(a**2 + b**2) - b"),
    Rule("sqrt(a^2 + b^2) - b", "hypot(a, b) - b", _HYPOT_LESS_B, "the root cancels with b > 0", _PAIR, when="not b <= 0",
         example="sqrt(a**2 + b**2) - b"),
    Rule("a^2 - 2 a b + b^2", "a**2 - 2*a*b + b**2", "(a - b)**2", "squares cancel for a near b", _PAIR),
    Rule("a^2 + 2 a b + b^2", "a**2 + 2*a*b + b**2", "(a + b)**2", "squares cancel for a near -b", _PAIR),
    Rule("(1 + x)^n", "(1 + x)**n", "exp(n*log1p(x if abs(x) < 1/2 else 0)) if abs(x) < 1/2 else pow(1 + x, n)",
         "1 + x rounds, which n enlarges", (("x", -0.5, 0.5), ("n", -1e3, 1e3)),
         when="single(x) and not constant(n) and not positive(x)"),
)
"""Rules in the order in which they are tried at each node of the forward graph, so that derivatives follow the better form."""

VALUE_RULES: tuple[Rule, ...] = (
    *KERNEL_VALUE_RULES,
    Rule("c exp a - c exp b", "c*exp(a) - c*exp(b)", _EXP_LESS_EXP, "cancels for a near b",
         (("x", -10.0, 10.0), ("k", 0.1, 1.0)), when=_NEAR_BY, example="exp(-k*x) - exp(-x)"),
    Rule("c exp a - c exp b over rows", "rowsum(c*exp(a)) + rowsum(-c*exp(b))", f"rowsum({_EXP_LESS_EXP})",
         "cancels for a near b", (("f", -10.0, 10.0), ("k", 0.1, 1.0)), when=_NEAR_BY, example="exp(k*f) - exp((k - 1)*f)"),
    Rule("a exp x - a", "a*exp(x) - a", "a*expm1(x)", "all digits are lost for small x",
         (("x", -1.0, 1.0), ("a", -10.0, 10.0))),
    Rule("a (exp x - 1)^2 - a", "a*expm1(x)**2 - a", "a*exp(x)*(expm1(x) - 1)", "all digits are lost for x << 0",
         (("x", -50.0, 1.0), ("a", -10.0, 10.0)), example="a*(1 - exp(x))**2 - a"),
    Rule("a exp x - a over rows", "rowsum(a*exp(x)) - rowsum(a)", "rowsum(a*expm1(x))", "all digits are lost for small x",
         (("f", -1.0, 1.0), ("c", 0.1, 1.0)), example="c + (1 - c)*exp(f)"),
    Rule("a - a sigmoid x", "a - a*sigmoid(x)", "a*sigmoid(-x)", "all digits are lost for x >> 0",
         (("x", -1000.0, 1000.0), ("a", -10.0, 10.0))),
    Rule("a - a sigmoid x over rows", "rowsum(a) - rowsum(a*sigmoid(x))", "rowsum(a*sigmoid(-x))",
         "all digits are lost for x >> 0", (("f", -100.0, 100.0), ("c", 0.0, 1.0)), example="c + (1 - c)*sigmoid(f)"),
    Rule("sigmoid a - sigmoid b", "sigmoid(a) - sigmoid(b)",
         "sigmoid(max(a, b))*sigmoid(-min(a, b))*expm1(-abs(a - b))*-sign(a - b)", "cancels for a near b, and for both >> 0",
         (("b", -50.0, 50.0), ("d", 0.1, 100.0)), when=_NEAR_BY, example="sigmoid(b + d) - sigmoid(b)"),
    Rule("xlogx(sigmoid x)", "xlogx(sigmoid(x))", "sigmoid(x)*log_sigmoid(x)", "sigmoid is 1 for x >> 0", _FAR),
    Rule("softplus x - x sigmoid x", "softplus(x) - x*sigmoid(x)", "log1p(exp(-abs(x))) + abs(x)*sigmoid(-abs(x))",
         "cancels for x >> 0, as in entropies", _NEAR),
    Rule("1/tanh x - 1", "1/tanh(x) - 1", "2/expm1(2*x)", "all digits are lost for x >> 0", _NEAR),
    Rule("erf a - erf b", "erf(a) - erf(b)", _ERF_LESS_ERF, "computes 1 - 1 in the tails", _PAIR,
         when="not a <= 1 and not b <= 1 or not a >= -1 and not b >= -1"),
    Rule("erfc a - erfc b", "erfc(a) - erfc(b)", _ERFC_LESS_ERFC, "computes 1 - 1 near 0 and 2 - 2 in the left tail", _PAIR,
         when="not a >= 1/2 and not b >= 1/2"),
    Rule("a^2 - b^2", "a**2 - b**2", "best(a - b)*(a + b)", "squares cancel for a near b", _PAIR),
)
"""Rules for values alone, after differentiation. The derivatives 2*a and -2*b of a^2 - b^2 are right as they are; those of the
product would be (a + b) + (a - b), in which an a beside a large b is lost."""
# fmt: on
