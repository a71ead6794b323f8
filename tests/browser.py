"""Pages in headless Chromium: what their scripts find, and what the browser complains about."""

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

_BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_browser = pytest.mark.skipif(
    _BROWSER is None and os.environ.get("SYMGRAPH_BROWSER") != "required",
    reason="no Chromium on this machine to lay out pages; .ci/run installs and requires one",
)


def measured(page: str, folder: Path, *options: str) -> Any:
    """Open a page in a browser without a window, and return the JSON that its script has put into ``<pre id="result">``.

    Args:
        page: its text.
        folder: an empty folder.
        options: further options of the browser, such as the size of its window.
    """
    assert _BROWSER is not None, "no Chromium, which .ci/run installs"
    (folder / "page.html").write_text(page, encoding="utf-8")
    quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command = [_BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", *quiet, *options]
    command += [f"--user-data-dir={folder / 'profile'}", "--dump-dom", f"file://{folder / 'page.html'}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    result = re.search(r'<pre id="result">(.*?)</pre>', done.stdout, re.DOTALL)
    assert result is not None, done.stderr
    return json.loads(unescape(result[1]))
