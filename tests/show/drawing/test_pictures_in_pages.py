"""A picture as part of a page: in the colours of the page's theme, and with letters that can be read where it is narrow."""

from pathlib import Path

import pytest
from browser import measured, needs_browser
from corpus import CORPUS

PAGE = """<!DOCTYPE html><html {html}><body {body}><div style="width: 380px">{picture}</div><pre id="result"></pre><script>
const picture = document.querySelector("svg"), text = picture.querySelector(".formula");
document.getElementById("result").textContent = JSON.stringify({{
  paper: getComputedStyle(picture.querySelector(".paper")).fill,
  letters: parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a,
  wide: picture.parentElement.scrollWidth, page: document.documentElement.scrollWidth, window: innerWidth,
}});
</script></body></html>"""


@needs_browser
@pytest.mark.parametrize(("html", "body"), [
    pytest.param("", "", marks=pytest.mark.slow), ("", 'data-jp-theme-light="false"'),
    pytest.param("", 'class="vscode-dark"', marks=pytest.mark.slow),
    pytest.param('data-theme="dark"', "", marks=pytest.mark.slow),
])  # fmt: skip
def test_a_picture_has_the_theme_of_its_page_and_letters_that_can_be_read(html: str, body: str, tmp_path: Path) -> None:
    found = measured(PAGE.format(html=html, body=body, picture=CORPUS["nine_weights"]().draw()._repr_html_()), tmp_path)
    assert found["paper"] == ("rgb(13, 17, 23)" if html or body else "rgb(255, 255, 255)")
    assert found["letters"] >= 9.0  # pixels
    assert found["wide"] > 380  # it scrolls by itself,
    assert found["page"] <= found["window"]  # and the page does not
