"""The site: pages of docs/ and benchmarks/, the gallery of docs/examples, and a reference of every public object.

The source folder is the root of the repository, so that a link between files means the same here and where they are read as
they are. `make docs` builds it; a warning is an error.
"""

import doctest
import io
import os
import warnings
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import typer
from matplotlib import rcParams
from pygments.lexers.special import TextLexer
from sphinx.util import logging

from symgraph import cli

ROOT = Path(__file__).parent.parent
os.environ["SYMGRAPH_BACKEND"] = "numpy"  # examples show no times, and compilers differ; one of them compiles by itself
warnings.filterwarnings("error", category=UserWarning, module="symgraph")

project = "symgraph"
author = "the authors of symgraph"
release = version = version_of("symgraph-codegen")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
]
root_doc = "docs/index"
include_patterns = ["CHANGELOG.md", "benchmarks/**", "data/README.md", "docs/**"]
exclude_patterns = ["build", ".*", "docs/_*", "docs/examples", "docs/gallery/*.ipynb", "docs/gallery/*.md5"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
default_role = "code"
highlight_language = "none"
templates_path = [str(ROOT / "docs" / "_templates")]  # autosummary looks from the source folder, all else from this one

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
# the gallery's settings hold a function; the folder that the checkout lies in may have a space in its name
suppress_warnings = ["config.cache", "sphinx_gallery.space_in_filename"]

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_preprocess_types = False


def _letters(_conf: Any, _script: str) -> None:
    """Have plots of the gallery written in letters that are read at 400 pixels too."""
    rcParams.update({"font.size": 12.0, "axes.titlesize": 12.0, "legend.fontsize": 11.0})


sphinx_gallery_conf = {
    "reset_modules": ("matplotlib", _letters),
    "examples_dirs": ["docs/examples"],
    "gallery_dirs": ["docs/gallery"],
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "min_reported_time": 0,
    "write_computation_times": False,
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "matplotlib_animations": False,
    "image_srcset": ["2x"],
    "plot_gallery": "True",
}

html_theme = "pydata_sphinx_theme"
html_title = "symgraph"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["_root"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 7,
    "navbar_persistent": [],
    "navbar_end": ["search-button", "theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"docs/index": [], "docs/tutorial": [], "docs/comparison": []}


def setup(app: Any) -> None:
    """Teach the highlighter the words that blocks of documents begin with, and write the page of the commands."""
    for language in ("out", "report"):
        app.add_lexer(language, TextLexer)
    app.connect("builder-inited", _write_commands, priority=100)
    app.connect("source-read", _lead_to_the_gallery)
    app.connect("autodoc-skip-member", _skips)
    app.connect("autodoc-process-docstring", _run_examples)
    app.connect("autodoc-process-docstring", _keep_sentences, priority=400)  # before napoleon


def _write_commands(_app: Any) -> None:
    command = typer.main.get_command(cli.app)
    lines = ["# The command line", ""]
    for name, one in command.commands.items():
        context = one.make_context(f"symgraph {name}", [], resilient_parsing=True, terminal_width=86)
        lines += [f"## symgraph {name}", "", "```report", one.get_help(context), "```", ""]
    folder = ROOT / "docs" / "reference" / "api"
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "commands.md"
    text = "\n".join(lines)
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")


def _lead_to_the_gallery(_app: Any, _page: str, source: list[str]) -> None:
    """Have links to the folder of examples lead to the gallery, which is made of it."""
    source[0] = source[0].replace("](examples)", "](gallery/index.rst)")


def _skips(_app: Any, _what: str, name: str, member: object, _skip: bool, _options: Any) -> bool | None:
    """Leave out what is not ours: fields that a class's docstring tells of, and what scikit-learn adds to an estimator."""
    told = str(getattr(member, "__doc__", "")).startswith("Alias for field number")
    return True if told or (name.startswith("set_") and name.endswith("_request")) else None


def _run_examples(_app: Any, _what: str, name: str, _member: object, _options: Any, lines: list[str]) -> None:
    """Run the examples of a docstring; one that prints something else is a warning."""
    test = doctest.DocTestParser().get_doctest("\n".join(lines), {}, name, None, 0)
    if test.examples:
        said = io.StringIO()
        runner = doctest.DocTestRunner(verbose=False)
        runner.run(test, out=said.write)
        if runner.failures:
            logging.getLogger(__name__).warning("%s: %s", name, said.getvalue())


def _keep_sentences(_app: Any, what: str, _name: str, _member: object, _options: Any, lines: list[str]) -> None:
    """Keep napoleon from taking the beginning of a property's sentence for a type, as far as its first colon."""
    if what == "property":
        lines[0] = lines[0].replace(": ", "; ")
