"""The text of an HTML mail. What comes out is plain text: no HTML of a stranger is ever shown.

A scanner of our own, because the standard library's parser takes time that grows with the square of a damaged text: a
mail of 5 MB would hold it for hours. This one looks at each character a fixed number of times.
"""

from __future__ import annotations

import re
from html import unescape

_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]{0,15})")
_UNSEEN = frozenset({"script", "style", "title", "template", "noscript"})
_BREAKS = frozenset(
    {"address", "article", "blockquote", "br", "div", "dl", "dt", "dd", "footer", "h1", "h2", "h3", "h4", "h5", "h6",
     "header", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul"}
)  # fmt: skip


def text_of_html(html: str) -> str:
    """What a person would read of it, one line for each paragraph."""
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in unescape("".join(_pieces(html))).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _pieces(html: str) -> list[str]:
    lowered = html.lower()
    pieces: list[str] = []
    place = 0
    while (start := html.find("<", place)) >= 0:
        pieces.append(" ".join(re.split(r"[\r\n]+", html[place:start])))
        tag = _TAG.match(html, start)
        if html.startswith("<!", start):
            is_comment = html.startswith("<!--", start)
            place = _after(lowered, "-->" if is_comment else ">", start + 4 if is_comment else start)
        elif tag is None:
            pieces.append("<")
            place = start + 1
        else:
            name = tag[1].lower()
            pieces.append("\n" if name in _BREAKS else "")
            is_hidden = name in _UNSEEN and not html.startswith("</", start)
            end = lowered.find(f"</{name}", start) if is_hidden else _after(lowered, ">", start)
            place = end if end >= 0 else len(html)
    pieces.append(html[place:])
    return pieces


def _after(text: str, end: str, place: int) -> int:
    """Where the text goes on after `end`; what never ends is left out."""
    found = text.find(end, place)
    return found + len(end) if found >= 0 else len(text)
