"""Rules for what is 0/0 or cancels where one argument is 0: by functions of the op table, which have the digits there."""

from symgraph.compiler.rewrite.rule import Rule

_FAR = (("x", -900.0, 900.0),)
_UNIT = (("x", -1.0, 1.0),)
_SCALED = (("x", -1.0, 1.0), ("a", -10.0, 10.0))
_NEAR_0 = "not x >= 1 and not x <= -1"

# near 0 by sinh(x)/x, whose slope is exact there; elsewhere by exp(-|x|), which does not overflow
_FAR_SIZE = "(abs(x) if abs(x) >= 1 else 1)"
_X_OVER_SINH = f"1/sinhc(x if abs(x) < 1 else 0) if abs(x) < 1 else exp(-{_FAR_SIZE})/exprel(-2*{_FAR_SIZE})"
_CLOSE = "abs(a - b) < 1"

# c^n - 1 by the logarithm of c where that times n is small, and c is above 0
_LOG_C = "log(c if c > 0 else 1)"
_SMALL_POWER = f"abs(n*{_LOG_C}) < 1 and c > 0"
_POWER_OVER_N = (
    f"{_LOG_C}*exprel(n*{_LOG_C} if {_SMALL_POWER} else 0) if {_SMALL_POWER} else (pow(c, n) - 1)/(1 if {_SMALL_POWER} else n)"
)
_LOG_1X = "log1p(x if x > -1 else 0)"
_SMALL_POWER_1X = f"abs(n*{_LOG_1X}) < 1 and x > -1"
_POWER_1X_OVER_N = (
    f"{_LOG_1X}*exprel(n*{_LOG_1X} if {_SMALL_POWER_1X} else 0) if {_SMALL_POWER_1X} "
    f"else (pow(1 + x, n) - 1)/(1 if {_SMALL_POWER_1X} else n)"
)
_MIDDLE = "x if abs(x) < 1/2 else 0"
_SMALL_X = f"abs(x) < 1/2 and abs(n*{_LOG_1X}) < 1"
_POWER_1X_OVER_X = (
    f"n*exprel(n*{_LOG_1X} if {_SMALL_X} else 0)*log1prel(x if {_SMALL_X} else 0) if {_SMALL_X} "
    f"else (pow(1 + x, n) - 1)/(1 if {_SMALL_X} else x)"
)

# where a and b are close, their quotient is 1 plus a small number, which is 0 where this form is not chosen
_ALIKE = "abs(a - b) < b/2"
_EXCESS = f"(a - b if {_ALIKE} else 0)/(b if {_ALIKE} else 1)"

# fmt: off
KERNEL_RULES: tuple[Rule, ...] = (
    # quotients
    Rule("x/(exp x - 1)", "x/expm1(x)", "bernoulli_function(x)", "no value at 0; the derivative cancels near it", _UNIT,
         example="x/(exp(x) - 1)"),
    Rule("exp x bernoulli x", "exp(x)*bernoulli_function(x)", "bernoulli_function(-x)", "exp overflows", _FAR,
         example="x*exp(x)/(exp(x) - 1)"),
    Rule("(c exp x + d) bernoulli x", "(c*exp(x) + d)*bernoulli_function(x)",
         "c*bernoulli_function(-x) + d*bernoulli_function(x)", "exp overflows",
         (("x", -900.0, 900.0), ("c", 0.1, 10.0), ("d", 0.1, 10.0)), when="not x <= 40",
         example="x*(c*exp(x) - d)/(exp(x) - 1)"),
    Rule("exp 2x bernoulli x", "exp(2*x)*bernoulli_function(x)", "exp(x)*bernoulli_function(-x)", "exp overflows", _FAR,
         example="x**3*exp(2*x)/(exp(x) - 1)**3"),
    Rule("log(r bernoulli x)", "log(bernoulli_function(x)*r)",
         "best(log(r)) + (log(bernoulli_function(x if x < 40 else 40)) if x < 40 else log(x if x >= 40 else 40) - x)",
         "exp overflows", (("x", 0.0, 900.0), ("r", 0.1, 10.0)), when="not x <= 80", example="log(r*x/(exp(x) - 1))"),
    Rule("log(r (exp x - 1)/x)", "log(exprel(x)*r)",
         "best(log(r)) + (log(exprel(x if x < 40 else 40)) if x < 40 else x - log(x if x >= 40 else 40))",
         "exp overflows", (("x", 0.0, 900.0), ("r", 0.1, 10.0)), when="not x <= 80", example="log(r*(exp(x) - 1)/x)"),
    Rule("log(r sinh x/x)", "log(sinhc(x)*r)",
         "best(log(r)) + (log(sinhc(x if abs(x) < 40 else 40)) if abs(x) < 40 else "
         "abs(x) - log(2*(abs(x) if abs(x) >= 40 else 40)))", "exp overflows", (("x", 0.0, 900.0), ("r", 0.1, 10.0)),
         when="not (x <= 80 and x >= -80)", example="log(r*sinh(x)/x)"),
    Rule("(exp x - 1)/x", "expm1(x)/x", "exprel(x)", "no value at 0; the derivative cancels near it", _UNIT,
         example="(exp(x) - 1)/x"),
    Rule("(exp a - exp b)/(a - b)", "(exp(a) - exp(b))/(a - b)",
         f"exp(b)*exprel(a - b if {_CLOSE} else 0) if {_CLOSE} else (exp(a) - exp(b))/(1 if {_CLOSE} else a - b)",
         "cancels for a near b; no value where they are the same", (("a", -10.0, 10.0), ("d", -1e-3, 1e-3)),
         example="(exp(a + d) - exp(a))/d"),
    Rule("x/sinh x", "x/sinh(x)", _X_OVER_SINH, "no value at 0; overflows", _UNIT),
    Rule("sinh x/x", "sinh(x)/x", "sinhc(x)", "no value at 0; the derivative cancels near it", _UNIT),
    Rule("tanh x/x", "tanh(x)/x", "1/(1 + x*langevin(x))", "no value at 0; the derivative cancels near it", _UNIT),
    Rule("log1p x/x", "log1p(x)/x", "log1prel(x)", "no value at 0; the derivative cancels near it", _UNIT,
         example="log(1 + x)/x"),
    Rule("x/log1p x", "x/log1p(x)", "1/log1prel(x)", "no value at 0; the derivative cancels near it", _UNIT,
         example="x/log(1 + x)"),
    Rule("(c^n - 1)/n", "(pow(c, n) - 1)/n", _POWER_OVER_N, "cancels for n near 0; no value at 0",
         (("c", 0.1, 10.0), ("n", -1.0, 1.0)), when="not constant(n) and not single(c - 1)", example="(c**n - 1)/n"),
    Rule("((1 + x)^n - 1)/n", "(pow(1 + x, n) - 1)/n", _POWER_1X_OVER_N, "cancels for n near 0; no value at 0",
         (("x", 0.0, 10.0), ("n", -1.0, 1.0)), when="not constant(n) and single(x)", example="((1 + x)**n - 1)/n"),
    Rule("((1 + x)^n - 1)/x", "(pow(1 + x, n) - 1)/x", _POWER_1X_OVER_X, "cancels for x near 0; no value at 0",
         (("x", -0.5, 0.5), ("n", -30.0, 30.0)), when="single(x)", example="((1 + x)**n - 1)/x"),
    Rule("(a - b)/(log a - log b)", "1/(log(a) - log(b))*(a - b)",
         f"b/log1prel({_EXCESS}) if {_ALIKE} else (a - b)/(1 if {_ALIKE} else log(a) - log(b))",
         "cancels for a near b; no value where they are the same", (("x", 0.1, 10.0), ("h", -1e-3, 1e-3)),
         example="h/(log(x + h) - log(x))"),
    Rule("(log a - log b)/(a - b)", "(log(a) - log(b))/(a - b)",
         f"log1prel({_EXCESS})/b if {_ALIKE} else (log(a) - log(b))/(1 if {_ALIKE} else a - b)",
         "cancels for a near b; no value where they are the same", (("x", 0.1, 10.0), ("h", -1e-3, 1e-3)),
         example="(log(x + h) - log(x))/h"),
    Rule("(1 + x)^n, n x free of a divisor", "(1 + x)**n",
         f"exp(n*x*log1prel({_MIDDLE})) if abs(x) < 1/2 else pow(1 + x, n)", "1 + x rounds, which n enlarges; no value at 0",
         (("x", -1.0, 1.0), ("y", 0.1, 1.0)), when="cancels(n*x)", example="(1 + x*y)**(1/x)"),
    Rule("(1 + a) log1p x, a x free of a divisor", "(1 + a)*log1p(x)", "log1p(x) + a*x*log1prel(x)",
         "no value at 0; the derivative cancels near it", (("x", -1.0, 1.0), ("y", 0.1, 1.0)), when="cancels(a*x)",
         example="(1 + 1/x)*log(1 + x*y)"),
    Rule("(exp x - 1)/exp x", "expm1(x)*exp(-x)", "-expm1(-x)", "exp overflows", _FAR, example="(exp(x) - 1)/exp(x)"),
    Rule("abs a sqrt(1 + x^2), a x free of a divisor", "abs(a)*hypot(1, x)", "hypot(a, a*x)", "the quotient overflows",
         (("a", -1e-150, 1e-150), ("b", -1e160, 1e160)), when="cancels(a*x)", example="abs(a)*sqrt(1 + (b/a)**2)"),
    Rule("a sqrt(1 + x^2), a > 0, a x free of a divisor", "a*hypot(1, x)", "hypot(a, a*x)", "the quotient overflows",
         (("a", 0.0, 1e-150), ("b", -1e160, 1e160)), when="cancels(a*x) and a >= 0", example="a*sqrt(1 + (b/a)**2)"),
    # differences
    Rule("a coth x - a/x", "a*coth(x) - a/x", "a*langevin(x)", "poles cancel at 0", _SCALED),
    Rule("a/tanh x - a/x", "a/tanh(x) - a/x", "a*langevin(x)", "poles cancel at 0", _SCALED, example="a/tanh(x) - a/x"),
    Rule("a coth x - b coth y, a y = b x", "a*coth(x) - b*coth(y)", "a*langevin(x) - b*langevin(y)", "poles cancel at 0",
         (("x", -1.0, 1.0), ("a", 0.5, 1.5)), when="a*y == b*x", example="(1 + a)*coth((1 + a)*x) - a*coth(a*x)"),
    Rule("a/tanh x - b/tanh y, a y = b x", "a/tanh(x) - b/tanh(y)", "a*langevin(x) - b*langevin(y)", "poles cancel at 0",
         (("x", -1.0, 1.0), ("a", 0.5, 1.5)), when="a*y == b*x", example="(1 + a)/tanh((1 + a)*x) - a/tanh(a*x)"),
    Rule("a sin x - a x", "a*sin(x) - a*x", "a*sinmx(x)", "cancels near 0", _SCALED, when=_NEAR_0),
    Rule("a tanh x - a x", "a*tanh(x) - a*x", "a*tanhmx(x)", "cancels near 0", _SCALED, when=_NEAR_0),
    Rule("a log1p x - a x", "a*log1p(x) - a*x", "a*log1pmx(x)", "cancels near 0", _SCALED, when=_NEAR_0,
         example="a*log(1 + x) - a*x"),
    Rule("a (exp x - 1) - a x", "a*expm1(x) - a*x", "a*x**2*exprel2(x)", "cancels near 0", _SCALED, when=_NEAR_0,
         example="a*(exp(x) - 1) - a*x"),
    Rule("a sin x/x - a", "a*sinc(x) - a", "a*(sinmx(x)/(x if abs(x) > 0 else 1))", "cancels near 0", _SCALED, when=_NEAR_0,
         example="a*sinc(x) - a"),
    Rule("1 - ndtr x", "1 - ndtr(x)", "ndtr(-x)", "all digits are lost for x >> 0", (("x", -30.0, 30.0),)),
    Rule("a (exp x - 1)/x - a", "a*exprel(x) - a", "a*x*exprel2(x)", "cancels near 0", _SCALED, when=_NEAR_0,
         example="a*(exp(x) - 1)/x - a"),
)
"""Rules of the forward graph."""

KERNEL_VALUE_RULES: tuple[Rule, ...] = (
    Rule("a (exp x - 1)/x + a x times its slope", "a*exprel(x) + a*x*exprel_slope(x)", "a*exp(x)", "cancels for x << 0",
         (("k", -10.0, 0.0), ("t", 0.1, 10.0)), example="t*exprel(k*t)"),
    Rule("a log1p x/x + a x times its slope", "a*log1prel(x) + a*x*log1prel_slope(x)", "a/(1 + x)", "cancels for x >> 0",
         (("k", 0.0, 1e3), ("t", 0.1, 10.0)), example="t*log1prel(k*t)"),
)
"""Rules for values alone, after differentiation."""
# fmt: on
