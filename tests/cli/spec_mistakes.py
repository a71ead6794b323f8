"""Mistakes in specs, and the words with which each must be answered; ``test_mistakes.py`` makes them."""

from typing import NamedTuple

HEAD = """from sympy import *

from symgraph import Constant, Model, Normal, Uniform

m = Model("m")
x, z = m.features("x z"); y = m.target("y")
a, b = m.weights("a b")
"""
LINE = 'p = m.output("p", a*x + b)'
LOST = 'm.loss("squared_error")'
RATES = "def rates(state, t):\n    return -a*state[0]"


class Mistake(NamedTuple):
    """A wrong spec.

    Attributes:
        lines: what follows HEAD; the statement at fault ends with ``#!``, in HEAD with the text that it begins with.
        words: what the message must contain, in this order.
        at: the beginning of the line at fault where that is in HEAD.
    """

    lines: str
    words: tuple[str, ...]
    at: str = ""


def wrong(*lines: str, says: tuple[str, ...], at: str = "") -> Mistake:
    """Make a mistake of its lines."""
    return Mistake("\n".join(lines), says, at)


# Mistakes that symgraph finds: the exception is the same in Python.
FOUND: dict[str, Mistake] = {
    # names
    "a name that is taken": wrong('m.weight("x")  #!', says=("model m: weight 'x'", "taken by a feature", "choose another")),
    "two nodes of one name": wrong('m.node("n", a)', 'm.node("n", b)  #!', says=("model m: node 'n'", "taken by a node")),
    "two names for one weight": wrong('m.weight("k l")  #!', says=("model m: weight name 'k l'", "letters, digits and under")),
    "a column with a blank": wrong('m.feature("dose mg")  #!', says=("model m: feature name 'dose mg'", "no identifier")),
    "symbols for names": wrong('m.weights(symbols("k l"))  #!', says=("model m: weight name k", "the name is a text")),
    "the name comes second": wrong('m.output(a*x + b, "p")  #!', says=("model m: output name a*x + b", "comes first")),
    "no names": wrong('m.features("")  #!', says=("model m: feature names ''", "write them as 'a b'")),
    "a set of names": wrong('m.features({"u", "v"})  #!', says=("model m: feature names are a set", "write them as a list")),
    "a number for names": wrong("m.features(3)  #!", says=("model m: feature names 3", "write them as 'a b'")),
    "a range that ends before it begins": wrong('m.weights("k5:2")  #!', says=("model m: weight names 'k5:2'", "no name")),
    "a range without an end": wrong('m.weights("k1:")  #!', says=("model m: weight names 'k1:'", "or 'k1:4'")),
    "a node called loss": wrong('m.node("loss", a*x)  #!', says=("model m: node name 'loss'", "use loss1")),
    "a model named like a keyword": wrong('Model("lambda")  #!', says=("model name 'lambda'", "letters, digits")),
    "a model named like a module": wrong('Model("random")  #!', says=("model name 'random'", "random_model")),
    "a doc that is no text": wrong('Model("n", doc=None)  #!', says=("model n: doc must be a text, not None",)),
    # weights and their ranges
    "init outside of bounds": wrong(
        'm.weight("k", init=-1, bounds=(0, None))  #!', says=("weight 'k': -1.0", "bounds (0.0, inf)")
    ),
    "init outside of the domain": wrong(
        'm.weight("k", init=2, domain=(0, 1))  #!', says=("weight 'k': 2.0", "domain (0.0, 1.0)")
    ),
    "a uniform law outside of bounds": wrong(
        'm.weight("k", init=Uniform(5, 6), bounds=(0, 1))  #!', says=("weight 'k'", "Uniform(low=5, high=6)", "choose another")
    ),
    "a normal law outside of bounds": wrong(
        'm.weight("k", init=Normal(9, 1), bounds=(0, 1))  #!', says=("weight 'k'", "Normal(mean=9, std=1)", "bounds (0.0, 1.0)")
    ),
    "bounds the wrong way": wrong('m.weight("k", bounds=(1, 0))  #!', says=("model m: weight 'k'", "low below high")),
    "one bound": wrong('m.weight("k", bounds=1)  #!', says=("model m: weight 'k'", "a pair (low, high) of numbers, not 1")),
    "bounds in words": wrong('m.weight("k", bounds=("0", "1"))  #!', says=("weight 'k'", "of numbers, not ('0', '1')")),
    "a bound that is a symbol": wrong('m.weight("k", bounds=(0, x))  #!', says=("weight 'k'", "of numbers, not (0, x)")),
    "bounds and domain apart": wrong(
        'm.weight("k", bounds=(0, 1), domain=(1, 2))  #!', says=("weight 'k'", "have no range in common")
    ),
    "a value for fixed": wrong('m.weight("k", fixed=1.5)  #!', says=("weight 'k'", "fixed must be True or False, not 1.5")),
    "init that is nan": wrong('m.weight("k", init=float("nan"))  #!', says=("weight 'k'", "a finite number, not nan")),
    "init that is a symbol": wrong('m.weight("k", init=a)  #!', says=("weight 'k'", "Normal, Uniform, Constant", "not a")),
    "init in words for several": wrong('m.weights("k l", init="zeros")  #!', says=("weight 'k'", "number, not 'zeros'")),
    "init by name": wrong('m.weights("k l", init={"k": 1, "l": 2})  #!', says=("weight 'k'", "number, not {'k': 1")),
    "too few init": wrong(
        'm.weights("k1:4", init=[1, 2])  #!', says=("model m: init has 2 values for 3 weights (k1, k2, k3)",)
    ),
    "a law the wrong way": wrong('m.weight("k", init=Uniform(1, 0))  #!', says=("Uniform", "low must be below high")),
    "a weight that nothing uses": wrong(
        'm.output("p", a*x)', LOST, says=("model m: the loss does not depend on weight b", "use it or remove it"), at="a, b ="
    ),
    "a positive number that begins below 0": wrong('m.positive("k", init=-2)  #!', says=("model m: positive 'k'", "above 0")),
    "a transform with bounds": wrong('m.positive("k", bounds=(0, 1))  #!', says=("model m: positive 'k'", "drop bounds")),
    "a share in percent": wrong('m.unit_interval("k", init=50)  #!', says=("unit_interval 'k'", "within (0, 1)", "not 50")),
    "a simplex of one": wrong('m.simplex("k", 1)  #!', says=("model m: simplex 'k'", "2 or more, not 1")),
    # ties
    "ties in a circle": wrong("m.tie(a, 2*b)", "m.tie(b, a/2)  #!", says=("model m: tie b", "in a circle", "one of them only")),
    "a tie to itself by a node": wrong('n = m.node("n", 2*a)', "m.tie(a, n)  #!", says=("tie a: n depends on a itself",)),
    "a feature that is tied": wrong("m.tie(x, a)  #!", says=("model m: tie x: it is a feature, no weight", "model.weight")),
    "a weight that is tied twice": wrong(
        "m.tie(a, b)", "m.tie(a, 2*b)  #!", says=("model m: tie a: it is a node", "each once")
    ),
    "a tie of a text": wrong('m.tie("a", b)  #!', says=("model m: tie a: it is a text", "model.weight returned")),
    "a tied weight with bounds": wrong('k = m.weight("k", bounds=(0, 1))', "m.tie(k, b)  #!", says=("tie k", "drop these")),
    "a tie that lets the output see the target": wrong(
        LINE, "m.tie(a, b*y)  #!", says=("model m: tie a: the output 'p' uses a", "leave the target 'y' out")
    ),
    "a tie that lets a penalty see a row": wrong(
        LINE, LOST, "m.penalty(a**2)", "m.tie(a, b*x)  #!", says=("tie a: the penalty uses a", "leave the feature 'x' out")
    ),
    "ties of all weights": wrong(
        "m.tie(a, 1)", "m.tie(b, 2)", LINE, says=("model m: it has no weights", "model.weight"), at="m ="
    ),
    # constants
    "a constant used as weight": wrong(
        'n = Model("n")  #!',
        'T = n.constant("T", 300)',
        'n.output("p", T*n.feature("u"))',
        "del m",
        says=("model n: it has no weights", "model.weight"),
    ),
    "a constant that is a text": wrong(
        'm.constant("T", "300")  #!', says=("model m: constant 'T'", "finite number, not '300'")
    ),
    "a constant of a weight": wrong('m.constant("T", 2*a)  #!', says=("model m: constant 'T'", "finite number, not 2*a")),
    "a constant by rows": wrong('m.constant("T", [300, 310])  #!', says=("model m: constant 'T'", "not [300, 310]")),
    "a constant outside of its domain": wrong('m.constant("T", 300, domain=(0, 1))  #!', says=("constant 'T'", "(0.0, 1.0)")),
    # symbols and expressions
    "a symbol that is not declared": wrong(
        'm.output("p", a*Symbol("q"))  #!', says=("model m: output 'p'", "symbol q is not declared", "model.feature, weight")
    ),
    "a symbol of another model": wrong(
        'u = Model("n").feature("u")',
        'm.output("p", a*u)  #!',
        says=("output 'p': symbol u is of another model", "declare one"),
    ),
    "a symbol of the same name": wrong(
        'm.output("p", a*Symbol("x"))  #!', says=("model m: output 'p': symbol x", "use the object that the model returned")
    ),
    "a text for an expression": wrong('m.output("p", "a*x")  #!', says=("output 'p': 'a*x' is a string", "SymPy expression")),
    "a tuple for an expression": wrong('m.output("p", (a*x, b))  #!', says=("output 'p': a Tuple", "one by one")),
    "a matrix for an expression": wrong('m.output("p", Matrix([a, b]))  #!', says=("output 'p': a Matrix", "one by one")),
    "nothing for an expression": wrong('m.output("p", None)  #!', says=("output 'p': None is not a SymPy expression",)),
    "a function that is not called": wrong('m.node("n", exp)  #!', says=("node 'n': exp is a function", "call it")),
    "a comparison for a value": wrong('m.node("n", x > 0)  #!', says=("node 'n': a condition", "Piecewise((1, condition)")),
    "a number for a condition": wrong(
        'm.node("n", Piecewise((a, x), (b, True)))  #!', says=("node 'n': x is a number", "compare it, as in x > 0")
    ),
    "a number beyond doubles for init": wrong(
        'm.weight("k", init=10**400)  #!', says=("model m: weight 'k': init must be", "a finite number")
    ),
    "a caret between symbols": wrong('m.node("n", a^x)  #!', says=("node 'n'", "powers are written with **")),
    "an unknown function": wrong('m.node("n", zeta(a))  #!', says=("node 'n': function zeta is not supported", "exp")),
    "a sum that is not worked out": wrong('m.node("n", Sum(a*x, (x, 0, 3)))  #!', says=("node 'n': Sum", ".doit()")),
    "an order that is a weight": wrong('m.node("n", besselj(a, x))  #!', says=("node 'n': besselj has the order a", "whole")),
    "a division by 0": wrong('m.node("n", a/0)  #!', says=("node 'n': the constant zoo is not a finite double",)),
    "a number beyond doubles": wrong('m.node("n", a*exp(1000))  #!', says=("node 'n': the constant exp(1000)", "finite")),
    "complex in a real node": wrong('m.node("n", a + I*x)  #!', says=("node 'n': the constant I is complex", "real")),
    "finite nowhere": wrong(
        'm.output("p", b + sqrt(-1 - x**2)*a)  #!', LOST, says=("model m: found no point", "(p, ", "domain=(low, high)")
    ),
    "a branch that is finite nowhere": wrong(
        'm.output("p", Piecewise((a*log(-1 - x**2), x > 0), (b, True)))  #!',
        LOST,
        says=("model m: node 'p': found no point at which the branch", "declare a domain"),
    ),
    # outputs and targets
    "an output of the target": wrong(
        'm.output("p", a*x + b*y)  #!', says=("output 'p' depends on the target 'y'", "leave it out")
    ),
    "an output of the target by a node": wrong(
        'n = m.node("n", a*y)', 'm.output("p", n + b)  #!', says=("model m: output 'p' depends on the target 'y'",)
    ),
    "complex in a real output": wrong('m.output("p", a + I*x)  #!', says=("output 'p'", "complex", "model.complex_output")),
    "complex parts that nobody knows": wrong(
        'm.complex_output("c", gamma(x + I*a))  #!', says=("model m: complex_output 'c'", "gamma", "model.outputs")
    ),
    "a second output": wrong(LINE, 'm.output("q", b)  #!', says=("output 'q'", "the output 'p' already", "model.outputs")),
    "a second target": wrong('m.target("t")  #!', says=("target 't'", "the target 'y' already", "model.targets")),
    "fewer expressions than outputs": wrong('m.outputs("p q", a*x)  #!', says=("outputs have 2 names (p, q) and 1 expr",)),
    "more outputs than targets": wrong(
        'm.outputs("p q", a*x, b*x)',
        "m.loss('squared_error')  #!",
        says=("model m: loss", "2 outputs (p, q) and 1 targets (y)"),
    ),
    "no output and no loss": wrong('m.node("n", a*x + b)', says=("neither a loss nor an output", "model.output"), at="m ="),
    # losses
    "an unknown loss": wrong(LINE, 'm.loss("nosuch")  #!', says=("model m: loss: 'nosuch' is unknown", "squared_error")),
    "two losses": wrong(LINE, LOST, "m.loss(b*y)  #!", says=("model m: loss", "has a loss already; declare one")),
    "residuals beside a loss": wrong(LINE, LOST, "m.residual(p - y)  #!", says=("model m: residual", "declare one")),
    "a loss before its output": wrong(
        "m.loss('squared_error')  #!", says=("model m: loss", "declare model.target and model.output")
    ),
    "an equation for a loss": wrong("m.loss(Eq(y, a*x))  #!", says=("model m: loss: an equation", "difference of its sides")),
    "a function for a loss": wrong("m.loss(lambda y, p: y - p)  #!", says=("model m: loss: <lambda> is a function",)),
    "a loss without weights": wrong(LINE, "m.loss(y**2)", says=("the loss does not depend on weight a, b",), at="a, b ="),
    "no residual": wrong("m.residual()  #!", says=("model m: residual: give an expression",)),
    "a list of residuals": wrong(
        "m.residual([a*x - y, b - y])  #!", says=("model m: residual: [", "is not a SymPy expression")
    ),
    "an unknown robust loss": wrong('m.residual(a - y, loss="nosuch")  #!', says=("loss 'nosuch' is unknown", "huber")),
    "a scale of 0": wrong('m.residual(a - y, loss="huber", f_scale=0)  #!', says=("f_scale must be a positive number, not 0",)),
    "an unknown likelihood": wrong(LINE, 'm.likelihood("normal", sigma=1)  #!', says=("'normal' is unknown", "gaussian")),
    "an unknown parameter": wrong(LINE, 'm.likelihood("gaussian", std=1)  #!', says=("no parameter std", "mean, sigma")),
    "a parameter that is missing": wrong(LINE, 'm.likelihood("gaussian")  #!', says=("needs sigma", "give sigma=...")),
    "a negative sigma": wrong(LINE, 'm.likelihood("gaussian", sigma=-1)  #!', says=("sigma must be above 0, not -1",)),
    "a sigma that may be negative": wrong(
        's = m.weight("s")',
        LINE,
        'm.likelihood("gaussian", sigma=s)  #!',
        says=("sigma must be", "weight s", "model.positive('s')"),
    ),
    "a sigma of the target": wrong(LINE, 'm.likelihood("gaussian", sigma=y)  #!', says=("sigma depends on the target 'y'",)),
    "trials that are a weight": wrong(
        LINE, 'm.likelihood("binomial", trials=a)  #!', says=("trials must be a feature", "not a")
    ),
    "one class": wrong('m.likelihood("categorical", logits=[a*x])  #!', says=("logits must be a list", "two or more classes")),
    "a matrix of logits": wrong(
        'm.likelihood("categorical", logits=Matrix([a, b]))  #!', says=("logits must be a list", "[b]])")
    ),
    # penalties and constraints
    "a penalty that depends on a row": wrong(
        LINE, LOST, "m.penalty(a**2*x)  #!", says=("model m: penalty", "the feature 'x'", "row to row", "weights and constants")
    ),
    "a penalty of the output": wrong(LINE, LOST, "m.penalty(p**2)  #!", says=("penalty", "the feature 'x'", "model.loss")),
    "a penalty without weights": wrong(LINE, LOST, "m.penalty(3)  #!", says=("penalty: it depends on no weight", "drop it")),
    "two penalties": wrong(LINE, LOST, "m.penalty(a**2)", "m.penalty(b**2)  #!", says=("a penalty already", "add the two")),
    "a penalty in words": wrong(LINE, LOST, 'm.penalty("l2")  #!', says=("model m: penalty: 'l2' is a string",)),
    "a penalty without a loss": wrong(LINE, "m.penalty(a**2)  #!", says=("a penalty and no loss", "model.loss")),
    "a constraint with a feature": wrong('m.constraint("g", a*x, upper=1)  #!', says=("constraint 'g'", "the feature 'x'")),
    "a constraint without limits": wrong('m.constraint("g", a)  #!', says=("constraint 'g'", "give lower or upper")),
    "limits the wrong way": wrong('m.constraint("g", a, 1, 0)  #!', says=("constraint 'g'", "lower comes first")),
    "a limit that is a symbol": wrong('m.constraint("g", a, upper=b)  #!', says=("'g'", "upper must be a number or None")),
    "a comparison for a constraint": wrong('m.constraint("g", a < b)  #!', says=("'g': a < b is a comparison", "upper=0")),
    "a constraint without weights": wrong('m.constraint("g", 3, upper=4)  #!', says=("'g': it depends on no weight",)),
    "a constraint whose weight is tied": wrong(
        LINE, 'm.constraint("g", a, upper=1)  #!', "m.tie(a, 3)", says=("constraint 'g': it depends on no weight", "drop it")
    ),
    # functions of users
    "a function that cannot be imported": wrong(
        'm.function("cp", "no_such_package:cp", partials=[None])  #!',
        says=("function 'cp': no_such_package:cp cannot be imported",),
    ),
    "a function without a path": wrong(
        'm.function("cp", sin, partials=[None])  #!', says=("model m: function 'cp': sin is no path", "package.module:callable")
    ),
    "a function of fewer arguments": wrong(
        'm.function("cp", "math:atan2", partials=[None])  #!',
        says=("'cp': math:atan2 cannot be called with 1 argument", "give"),
    ),
    "a function of another model": wrong(
        'cp = Model("o").function("cp", "numpy:sin", partials=["numpy:cos"])',
        'm.output("p", cp(a*x) + b)  #!',
        says=("model m: output 'p': function cp is of another model", "model.function"),
    ),
    # steps
    "rk4 with steps=0": wrong(RATES, 'm.rk4(rates, {"u": x}, (0, 1), steps=0)  #!', says=("model m: rk4", "1 or more, not 0")),
    "rk4 with half a step": wrong(RATES, 'm.rk4(rates, {"u": x}, (0, 1), steps=1.5)  #!', says=("rk4", "whole number", "1.5")),
    "rk4 of a list": wrong(RATES, "m.rk4(rates, [x], (0, 1), 2)  #!", says=("rk4", "states must be a mapping", "theta")),
    "rk4 of one time": wrong(RATES, 'm.rk4(rates, {"u": x}, 1, 2)  #!', says=("rk4", "the pair of the times", "not 1")),
    "rk4 without time": wrong(RATES, 'm.rk4(rates, {"u": x}, (1, 1), 2)  #!', says=("rk4", "ends at 1", "two times")),
    "rates that are no function": wrong('m.rk4(-a*x, {"u": x}, (0, 1), 2)  #!', says=("rk4", "function of two", "not -a*x")),
    "rates without time": wrong('m.rk4(lambda s: s, {"u": x}, (0, 1), 2)  #!', says=("rk4", "the states and the time")),
    "rates that return nothing": wrong('m.rk4(lambda s, t: None, {"u": x}, (0, 1), 2)  #!', says=("rk4", "None", "(u)")),
    "more rates than states": wrong('m.rk4(lambda s, t: (a, b), {"u": x}, (0, 1), 2)  #!', says=("rk4: 2 rates for 1 states",)),
    "rates of other states": wrong('m.rk4(lambda s, t: {"v": a}, {"u": x}, (0, 1), 2)  #!', says=("rk4", "of v", "are u")),
    "states of one name": wrong(
        RATES, 'm.rk4(rates, {"u": x}, (0, 1), 1)', 'm.rk4(rates, {"u": z}, (0, 1), 1)  #!', says=("node 'u_1_k1'", "another")
    ),
    "states that are not unpacked": wrong(
        RATES, 'u = m.rk4(rates, {"u": x}, (0, 1), 1)', 'm.output("p", u)  #!', says=("output 'p': a Tuple", "one by one")
    ),
    # the whole
    "a declaration after the first use": wrong(LINE, LOST, "m.partials()", 'm.node("n", a)  #!', says=("node 'n'", "frozen")),
    "a first use without a loss": wrong(LINE, "m.partials()  #!", says=("model m: partials need a loss", "model.loss")),
    "NumPy's function of a weight": wrong(
        "import numpy", "numpy.exp(a)  #!", says=("np.exp takes numbers, and a is a symbol; write sympy.exp(a)",)
    ),
}

# Mistakes that Python or SymPy finds: in Python they are its own exceptions.
OF_PYTHON: dict[str, Mistake] = {
    "fewer names than variables": wrong(
        'k, l = m.weights("k")  #!', says=("ValueError", "as many names as there are variables")
    ),
    "more names than variables": wrong('k, l = m.weights("k1:4")  #!', says=("ValueError", "as many names")),
    "a tuple that is not unpacked": wrong('k = m.weights("k")', "k*x  #!", says=("TypeError", "return tuples", "unpack")),
    "names one by one": wrong(
        'm.features("u", "v")  #!', says=("TypeError: model.features()", "model.features(names, *, domain")
    ),
    "no value for a constant": wrong('m.constant("T")  #!', says=("model.constant() missing", "(name, value, *, domain=None)")),
    "bounds of a feature": wrong(
        'm.feature("u", bounds=(0, 1))  #!', says=("argument 'bounds'", "model.feature(name, *, domain")
    ),
    "an output without a name": wrong("m.output(a*x + b)  #!", says=("missing", "model.output(name, expr)")),
    "a function without partials": wrong(
        'm.function("cp", "numpy:sin")  #!', says=("model.function() missing", "model.function(name, path, *, partials)")
    ),
    "a model without a name": wrong("Model()  #!", says=("Model() missing", "Model(name, doc='')")),
    "steps forgotten": wrong(
        RATES, 'm.rk4(rates, {"u": x}, (0, 1))  #!', says=("missing", "model.rk4(rates, states, t, steps)")
    ),
    "a loss that is assigned": wrong("m.loss = a*x  #!", says=("AttributeError", "call it, as in model.loss(...)")),
    "a misspelt method": wrong('m.fature("u")  #!', says=("AttributeError", "did you mean feature?")),
    "a method in the plural": wrong('m.constants("T", 300)  #!', says=("AttributeError", "did you mean constant?")),
    "a misspelt name": wrong(
        'rate = m.node("rate", a*x)', 'm.output("p", raet + b)  #!', says=("NameError", "did you mean rate?")
    ),
    "an unbalanced bracket": wrong('m.output("p", (a*x + b)  #!', says=("SyntaxError: '(' was never closed",)),
    "a line that is indented": wrong("  m.output('p', a)  #!", says=("IndentationError: unexpected indent",)),
    "quotes of a text processor": wrong("m.output(“p”, a*x + b)  #!", says=("SyntaxError: invalid character",)),
    "an import that does not exist": wrong("from symgraph import sigmoyd  #!", says=("ImportError", "sigmoyd")),
    "NumPy's function": wrong("import numpy", "numpy.exp(a*x)  #!", says=("TypeError", "write sympy.exp(a*x)")),
    "SciPy's function": wrong(
        "from scipy.special import expit", "expit(a*x)  #!", says=("TypeError", "write symgraph.sigmoid(...)")
    ),
    "a function of math": wrong("import math", "math.exp(a*x)  #!", says=("a*x is a formula", "instead of those of math")),
    "if about a symbol": wrong(
        "k = a if x > 0 else b  #!", says=("TypeError", "Piecewise((..., x > 0), (..., True)) instead of if")
    ),
    "max of symbols": wrong("max(a, x)  #!", says=("TypeError", "Max or Min instead of max, min")),
    "a chain of comparisons": wrong("Piecewise((a, 0 < x < 1), (b, True))  #!", says=("TypeError", "And(0 < x, x < 1)")),
    "a caret in a formula": wrong("a*x^2 + b  #!", says=("TypeError", "powers are written with **")),
    "a product without a star": wrong("a(x + 1)  #!", says=("TypeError: 'Symbol' object is not callable", "with *")),
    "rounding": wrong("round(a*x)  #!", says=("TypeError", "use SymPy's floor")),
    "a name that SymPy has": wrong("a*x + S*b  #!", says=("TypeError", "declare a symbol of that name")),
    "a law for a constant": wrong("T = Constant(300)", "a*x*T  #!", says=("TypeError", "model.constant declares")),
    "a law without its spread": wrong('m.weight("k", init=Normal(0))  #!', says=("Normal() missing", "Normal(mean, std)")),
    "a profile of two numbers": wrong(
        "from symgraph import voigt", "voigt(x, 1)  #!", says=("voigt() missing", "'gamma'", "voigt(x, sigma, gamma)")
    ),
    "a node without an expression": wrong('m.node("n")  #!', says=("model.node() missing", "model.node(name, expr)")),
    "branches that are not in pairs": wrong("Piecewise(x, x > 0)  #!", says=("write Piecewise((value, condition), ",)),
    "a loop over a column": wrong("sum(i for i in x)  #!", says=("not iterable", "a symbol is one number of a row")),
    "a product of matrices": wrong("a @ x  #!", says=("TypeError", "products are written with *")),
    "a function that returned nothing": wrong("a*x + [].sort()  #!", says=("TypeError", "None is no number")),
    "a word of Python": wrong('lambda = m.weight("k")  #!', says=("SyntaxError", "lambda is a word of Python; choose another")),
    "a declaration of a symbol": wrong(
        'm.feature("q").node("c", a)  #!', says=("AttributeError", "declarations are of the model")
    ),
    "a function as a method": wrong("x.exp()  #!", says=("AttributeError", "write sympy.exp(x)")),
    "the largest of a list": wrong("Max([a, b])  #!", says=("ValueError", "write Max(a, b) instead of Max([a, b])")),
    "a text times a symbol": wrong('"x"*a  #!', says=("TypeError", "a text is no symbol")),
    "a number that is called": wrong("3(x + 1)*a  #!", says=("TypeError: 'int' object is not callable", "written with *")),
    "a misspelt import": wrong("from symgraph import Modle  #!", says=("ImportError", "did you mean Model?")),
    "an index": wrong("a[0]*x  #!", says=("TypeError: 'Symbol' object is not subscriptable", "one number of a row")),
    "matrices of unequal shapes": wrong("Matrix([a, b])*Matrix([a, b])  #!", says=("ShapeError", "(2, 1)")),
    "a text that SymPy cannot read": wrong('sympify("a +* b")  #!', says=("SympifyError", "a +* b")),
    "rates that unpack too much": wrong(
        "def rates(state, t):",
        "    u, v = state  #!",
        "    return u",
        'm.rk4(rates, {"u": x}, (0, 1), 1)',
        says=("ValueError",),
    ),
}
