"""Libraries of extras that are not installed."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from symgraph.bridges import to_jax, to_lmfit, to_torch, ufloats
from symgraph.errors import OptionError
from symgraph.io.extra import library

NOTHING = SimpleNamespace(MODEL="line")


@pytest.mark.parametrize(
    ("name", "call"), [("torch", to_torch), ("jax", to_jax), ("lmfit", to_lmfit), ("uncertainties", ufloats)]
)
def test_a_missing_library_is_an_error_that_names_its_extra(name: str, call: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(OptionError, match=rf"needs {name}, which is not installed: pip install 'symgraph-codegen\[{name}\]'$"):
        call(NOTHING)  # type: ignore[operator]


def test_the_estimators_name_theirs_when_they_are_imported() -> None:
    code = "import sys; sys.modules['sklearn'] = None; import symgraph.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "symgraph.errors.OptionError: symgraph.sklearn needs sklearn, which is not installed: "
        "pip install 'symgraph-codegen[sklearn]'"
    )


def test_a_library_that_lacks_another_one_says_which(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    (tmp_path / "of_a_user.py").write_text("import not_there\n")  # type: ignore[operator]
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="not_there"):
        library("of_a_user", "extra", "this")
