"""``symgraph bench``: time a model's modules beside other libraries' versions of its spec."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symgraph.cli.terminal import ConfigFile, Json, Locked, Quiet, print_json, print_table

if TYPE_CHECKING:
    from symgraph.bench import Report
    from symgraph.cli.truth import Chosen
    from symgraph.spec.model import Model


def bench(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name, its module, or a spec file or dotted module.")],
    rows: Annotated[str | None, typer.Option(metavar="LIST", help="Numbers of rows; else 1,1000,100000.")] = None,
    peers: Annotated[str | None, typer.Option(metavar="LIST", help="Libraries, separated by commas; else all.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rows and rounds, without torch.compile.")] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of weights and rows.")] = 0,
    config: ConfigFile = None,
    locked: Locked = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Time the mean loss with its gradient: the model's modules beside the libraries that are installed.

    Each library's version is written from the spec; its results are compared with ours before anything is timed. All take
    turns on one core, and the median counts. Libraries: lambdify (SymPy's derivatives in NumPy), autograd, jax, torch,
    torch.compile, casadi.
    """
    from symgraph.bench import PEERS
    from symgraph.bench import bench as measure
    from symgraph.bench.measure import QUICK_ROWS, ROWS, check_request
    from symgraph.bench.timing import FULL, QUICK
    from symgraph.cli.truth import Chosen, one_model
    from symgraph.training.options import count

    count("--seed", seed, at_least=0)
    sizes = _numbers(rows) if rows is not None else QUICK_ROWS if quick else ROWS
    chosen = tuple(PEERS) if peers is None else tuple(name.strip() for name in peers.split(","))
    if quick and peers is None:
        chosen = tuple(name for name in chosen if name != "torch.compile")  # it compiles for seconds at each number of rows
    one = one_model(model, config)
    check_request(one, chosen, sizes)
    modules, lacking = _modules(one, model, Chosen(config, locked, quiet))
    report = measure(one, modules, peers=chosen, rows=sizes, effort=QUICK if quick else FULL, seed=seed)
    _print(report, lacking, json=json)


def _numbers(text: str) -> tuple[int, ...]:
    from symgraph.errors import OptionError

    try:
        return tuple(int(part.replace("_", "")) for part in text.split(","))
    except ValueError:
        raise OptionError(f"--rows must be numbers separated by commas, such as 1,1000, not {text!r}") from None


def _modules(model: "Model", reference: str, chosen: "Chosen") -> tuple[dict[str, Any], dict[str, str]]:
    """Return the model's modules by backend, built or made in memory, and why others are missing."""
    from symgraph.build.memory import compile as in_memory
    from symgraph.cli.truth import module_of_model
    from symgraph.errors import SymgraphError

    def python(backend: str) -> Any:
        return module_of_model(model, reference, None, backend, chosen, purpose="timing")

    modules: dict[str, Any] = {"numpy": python("numpy")}
    lacking: dict[str, str] = {}
    for name, make in (("scalar", lambda: python("scalar")), ("c", lambda: in_memory(model, "c"))):
        try:
            modules[name] = make()
        except SymgraphError as error:  # a C compiler may be missing, and a model may be beyond a backend
            lacking[f"symgraph {name}"] = str(error)
    return modules, lacking


def _print(report: "Report", lacking: Mapping[str, str], *, json: bool) -> None:
    missing = {**lacking, **report.missing}
    if json:
        print_json({**report.to_dict(), "missing": missing})
        return
    print(f"{report.model}: mean loss with its gradient, a call on one core, and how many times the first line's time")
    print_table(("", *(f"{n:,} row{'s' if n > 1 else ''}" for n in report.rows), "apart", "version"), list(_rows(report)))
    for name, why in missing.items():
        print(f"missing: {name}: {why}")


def _rows(report: "Report") -> Iterator[list[str]]:
    for line in report.lines:
        found = [line.timings.get(n) for n in report.rows]
        cells = ["-" if one is None else f"{_duration(one.seconds)} ({one.ratio:.2f})" for one in found]
        yield [line.name, *cells, f"{line.apart:.1e}", line.version]


def _duration(seconds: float) -> str:
    """Format seconds with three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
