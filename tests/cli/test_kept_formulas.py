"""Formulas that were verified before: a fit starts from their texts, prints the same, and trusts none that it should not."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from command_line import Run

import symgraph.judge.verify
import symgraph.project.build.modules
from symgraph import Model
from symgraph.errors import VerificationError
from symgraph.project.native import cache
from symgraph.project.native import loading as native
from symgraph.project.native.formulas import Key, kept_module, key_of

FORMULA = "y ~ a*exp(-k*time)"
FIT = ("fit", FORMULA, "--data", "rows.csv")
ON_NUMPY = ("--backend", "numpy")
HEAVY = {
    "sympy", "mpmath", "flint", "jinja2", "scipy.optimize", "scipy.linalg",
    "symgraph.spec", "symgraph.compiler.ir", "symgraph.compiler.generate", "symgraph.judge", "symgraph.project.build",
}  # fmt: skip
"""What a fit of a kept formula does without."""

CASES = {
    "natively": (FORMULA, ()),
    "as json": (FORMULA, ("--json", *ON_NUMPY)),
    "start, bounds, deviations": (
        "y ~ a*exp(-k*time) + c",
        ("--start", "a=2,c=0.1", "--bounds", "k=0:3", "--sigma", "s", "--absolute-sigma", "--fix", "c", *ON_NUMPY),
    ),
    "a formula of deviations": (FORMULA, ("--sigma", "0.01*time + s", *ON_NUMPY)),
    "errors in x": (FORMULA, ("--sigma", "s", "--sigma-x", "0.01", *ON_NUMPY)),
    "columns in backquotes": ("y ~ a*exp(-k*time)/`dose (mg)`", ON_NUMPY),
    "a function of the target": ("log(y) ~ a - k*time", ON_NUMPY),
    "groups": (FORMULA, ("--group-by", "s", "--share", "k", "--start", "k=2,a[0.01]=3", *ON_NUMPY)),
}
"""Formulas with options of their fits."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, with what others have compiled of the extension; rows are in the current folder."""
    others, own = Path(os.environ["SYMGRAPH_CACHE"]) / "c", tmp_path / "cache" / "c"
    own.mkdir(parents=True, mode=0o700)
    for path in others.glob("extension-*.so*") if others.is_dir() else ():
        shutil.copy2(path, own)
    monkeypatch.setenv("SYMGRAPH_CACHE", str(own.parent))
    rng = np.random.default_rng(3)
    time = np.linspace(0.0, 4.0, 12)
    y = 2.0 * np.exp(-0.7 * time) + 0.01 * rng.normal(size=12)
    table = np.column_stack([time, y, np.where(time < 2.0, 0.01, 0.02), 1.0 + time])
    np.savetxt(tmp_path / "rows.csv", table, "%.8g", delimiter=",", header="time,y,s,dose (mg)", comments="")
    return own


def kept_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.formula"))


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the models that commands compile from now on."""
    names, compile_ = [], symgraph.project.build.modules.compile

    def noted(model: Model, *given: Any, **named: Any) -> Any:
        names.append(model.name)
        return compile_(model, *given, **named)

    monkeypatch.setattr(symgraph.project.build.modules, "compile", noted)
    return names


def untimed(text: str) -> str:
    return re.sub(r'"seconds": [\d.e-]+', "", text)


@pytest.mark.parametrize("case", CASES)
def test_the_second_fit_prints_what_the_first_does_and_compiles_nothing(command: Run, compiled: list[str], case: str) -> None:
    formula, options = CASES[case]
    first, second = (command("fit", formula, "--data", "rows.csv", *options) for _ in range(2))
    assert first.code != 2, first.err
    assert (second.code, untimed(second.out), second.err) == (first.code, untimed(first.out), first.err)
    assert compiled == ["formula"]


def test_weights_and_plots_of_the_second_fit_are_those_of_the_first(command: Run, compiled: list[str]) -> None:
    for name in ("first", "second"):
        command(*FIT, *ON_NUMPY, "--save", f"{name}.json", "--plot", f"{name}.svg")
    assert compiled == ["formula"]
    for suffix in ("json", "svg"):
        assert Path(f"first.{suffix}").read_bytes() == Path(f"second.{suffix}").read_bytes()


def test_the_second_fit_imports_nothing_that_makes_modules(command: Run) -> None:
    data = "--data", "rows.csv"
    fits = [["fit", FORMULA, *data, "--sigma", "0.01*time + s"], ["fit", "log(y) ~ a - k*time", *data]]
    first = [command(*fit) for fit in fits]
    program = f"""
import sys
from symgraph.cli import main
for fit in {fits}:
    sys.argv[1:] = fit
    try:
        main()
    except SystemExit as end:
        assert not end.code
print(*sys.modules, file=open("imported", "w"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "".join(one.out for one in first)
    assert done.stderr == "".join(one.err for one in first)
    imported = Path("imported").read_text(encoding="utf-8").split()
    assert "symgraph.use.fitting.fits" in imported
    assert not HEAVY & set(imported)


def damages(file: Path) -> dict[str, Callable[[], object]]:
    """Ways to spoil a file that is kept."""
    digest = file.with_name(f"{file.name}.sha256")
    text = file.read_bytes()
    flipped = text[:-20] + bytes([text[-20] ^ 1]) + text[-19:]
    theirs = {"chown": lambda: os.chown(file, 65534, 65534)} if hasattr(os, "geteuid") and os.geteuid() == 0 else {}
    return {
        "cut off": lambda: os.truncate(file, 100),
        "empty": lambda: os.truncate(file, 0),
        "a flipped bit": lambda: file.write_bytes(flipped),
        "writable by others": lambda: file.chmod(0o722),
        "a link": lambda: (file.rename(file.with_name("elsewhere")), file.symlink_to("elsewhere")),
        "a folder": lambda: (file.unlink(), file.mkdir()),
        "without its digest": digest.unlink,
        "with another's digest": lambda: digest.write_text("0" * 64, encoding="ascii"),
        "deleted": file.unlink,
        **theirs,
    }


def test_what_is_not_as_it_was_made_is_made_anew(command: Run, folder: Path, compiled: list[str]) -> None:
    first = command(*FIT, *ON_NUMPY)
    (file,) = kept_in(folder)
    before = file.read_bytes()
    for harm, inflict in damages(file).items():
        inflict()
        compiled.clear()
        assert command(*FIT, *ON_NUMPY) == first, harm
        assert compiled == ["formula"], harm
        if file.is_dir():
            file.rmdir()
            command(*FIT, *ON_NUMPY)
        assert file.read_bytes() == before, harm


def test_a_text_of_another_key_counts_for_nothing(command: Run, folder: Path, compiled: list[str]) -> None:
    first = command(*FIT, *ON_NUMPY)
    (file,) = kept_in(folder)
    for foreign in ("[]", "{}", json.dumps(json.loads(file.read_text()) | {"key": ["y ~ a"]})):
        made = folder.parent / "made"
        made.write_text(foreign, encoding="utf-8")
        cache.with_digest(made, file)
        compiled.clear()
        assert command(*FIT, *ON_NUMPY) == first
        assert compiled == ["formula"]


def test_all_that_a_module_is_made_of_is_in_its_key(command: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def key(formula: str = FORMULA, columns: tuple[str, ...] = ("time", "y"), backend: str = "numpy", **start: float) -> Key:
        found = key_of(formula, columns, start, (), backend)
        assert found is not None
        return found

    keys = [key(), key("y ~ a*exp(-time*k)"), key(columns=("y", "time")), key(k=2.0), key(backend="auto")]
    monkeypatch.setenv("CC", f"{os.environ.get('CC') or 'cc'} -DTHIS_ONE")
    keys.append(key(backend="auto"))
    for change in (
        lambda: monkeypatch.setattr(np, "__version__", "2.99"),
        lambda: monkeypatch.setattr(sys, "version", "3.99"),
        lambda: monkeypatch.setattr(sympy, "__spec__", ModuleSpec("sympy", None, origin=__file__)),
    ):
        change()
        keys.append(key())
    assert len({one.file(tmp_path).name for one in keys}) == len(keys)


def test_a_module_is_found_by_no_key_but_its_own(command: Run, folder: Path) -> None:
    command(*FIT, *ON_NUMPY)
    key = key_of(FORMULA, ("time", "y", "s", "dose (mg)"), {}, (), "numpy")
    assert key is not None
    assert kept_module(key) is not None
    other = key._replace(own="of other files")
    for suffix in ("", ".sha256"):  # as if two keys had the same digest
        shutil.copy2(f"{key.file(folder)}{suffix}", f"{other.file(folder)}{suffix}")
    assert kept_module(other) is None


def test_a_name_is_a_weight_where_the_file_has_no_such_column(command: Run) -> None:
    def weights(*options: str) -> list[str]:
        return list(json.loads(command("fit", "y ~ a + s*time", *options, "--json", *ON_NUMPY).out)["weights"])

    lines = Path("rows.csv").read_text(encoding="utf-8").splitlines()
    Path("less.csv").write_text("\n".join(",".join(line.split(",")[:2]) for line in lines), encoding="utf-8")
    for _ in range(2):
        assert weights("--data", "rows.csv") == ["a"]
        assert weights("--data", "less.csv") == ["a", "s"]


def test_a_module_that_verification_refuses_is_not_kept(command: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise VerificationError("no")

    monkeypatch.setattr(symgraph.judge.verify, "verify", refuse)
    assert command(*FIT, *ON_NUMPY).code == 1
    assert kept_in(folder) == []


def test_a_fit_with_a_warning_about_its_module_warns_again(command: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "LONGEST", 0)
    for _ in range(2):
        with pytest.warns(native.NativeWarning, match="runs on NumPy"):
            command(*FIT)
    assert kept_in(folder) == []


def test_functions_of_users_are_not_kept(command: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from_formula = Model.from_formula

    def with_function(*given: Any) -> Model:
        made = from_formula(*given)
        made.function("bend", "math:sin", partials=["math:cos"])
        return made

    monkeypatch.setattr(Model, "from_formula", with_function)
    assert command(*FIT, *ON_NUMPY).code == 0
    assert kept_in(folder) == []


def test_without_a_folder_of_its_own_a_fit_keeps_nothing_and_says_nothing(
    command: Run, monkeypatch: pytest.MonkeyPatch, compiled: list[str]
) -> None:
    first = command(*FIT, *ON_NUMPY)
    Path("file").touch()
    monkeypatch.setenv("SYMGRAPH_CACHE", "file")
    assert [command(*FIT, *ON_NUMPY) for _ in range(2)] == [first, first]
    assert compiled == ["formula"] * 3


def test_the_formulas_kept_first_are_deleted_when_all_take_too_much(
    command: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit(power: int) -> str:
        command("fit", f"y ~ a + b*time**{power}", "--data", "rows.csv", *ON_NUMPY)
        (made,) = {path.name for path in kept_in(folder)} - known
        os.utime(folder / made, (power, power))
        known.add(made)
        return made

    for path in folder.glob("extension-*"):
        path.unlink()
    known: set[str] = set()
    first = fit(2)
    monkeypatch.setattr(cache, "MOST_BYTES", (folder / first).stat().st_size * 5 // 2)
    others = [fit(3), fit(4)]
    assert [path.name for path in kept_in(folder)] == sorted(others)
    assert len(list(folder.iterdir())) == 4


def test_the_command_cache_lists_formulas_and_deletes_them(command: Run, folder: Path) -> None:
    command("fit", "y ~ a*exp(-k*time)   + 0*k", "--data", "rows.csv", *ON_NUMPY)
    (file,) = kept_in(folder)
    (listed,) = json.loads(command("cache", "--json").out)["formulas"]
    assert listed == {"name": file.name, "formula": "y ~ a*exp(-k*time) + 0*k", "bytes": file.stat().st_size}
    assert "y ~ a*exp(-k*time) + 0*k" in command("cache").out
    file.chmod(0o777)
    assert file.name in command("cache").out
    command("cache", "--clear")
    assert list(folder.iterdir()) == []
