"""Libraries of extras that are not installed."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from symgraph.data.extra import library
from symgraph.errors import OptionError
from symgraph.use.bridges import to_jax, to_lmfit, to_torch, ufloats


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("torch", to_torch),
        ("jax", to_jax),
        ("lmfit", to_lmfit),
        ("uncertainties", ufloats),
        ("sklearn", lambda _: __import__("symgraph.sklearn")),
    ],
)
def test_a_missing_library_names_its_extra(name: str, call: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    for known in [one for one in sys.modules if one.startswith(("symgraph.sklearn", "symgraph.use.sklearn"))]:
        monkeypatch.delitem(sys.modules, known)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(OptionError, match=rf"needs {name}, which is not installed: pip install 'symgraph-codegen\[{name}\]'$"):
        call(SimpleNamespace(MODEL="line"))


def test_a_library_that_lacks_another_one_says_which(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "of_a_user.py").write_text("import not_there\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="not_there"):
        library("of_a_user", "extra", "this")
