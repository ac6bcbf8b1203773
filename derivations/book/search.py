"""The search: a small script and the index that it looks through, in one file: pages on a disk can fetch nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence

Entry = dict[str, str]

SCRIPT = """\
"use strict";
(() => {
  const form = document.getElementById("search");
  const query = document.getElementById("query");
  const found = document.getElementById("found");
  const count = document.getElementById("count");
  const MOST = 12;
  const plain = (text) => text.toLowerCase().replace(/_/g, " ");

  const score = (entry, words) => {
    const title = plain(entry.title), rest = plain(entry.summary + " " + entry.words);
    let sum = 0;
    for (const word of words) {
      if (title === word || entry.title.toLowerCase() === word) sum += 100;
      else if (title.split(" ").some((part) => part.startsWith(word))) sum += 20;
      else if (title.includes(word)) sum += 10;
      else if (rest.split(/[^a-z0-9]+/).some((part) => part.startsWith(word))) sum += 3;
      else if (rest.includes(word)) sum += 1;
      else return 0;
    }
    return sum;
  };

  const show = () => {
    const words = plain(query.value).split(/\\s+/).filter(Boolean);
    const hits = words.length ? INDEX.map((entry) => [score(entry, words), entry]).filter(([sum]) => sum) : [];
    hits.sort(([a], [b]) => b - a);
    found.replaceChildren(...hits.slice(0, MOST).map(([, entry]) => {
      const [item, link, line] = ["li", "a", "span"].map((tag) => document.createElement(tag));
      link.href = entry.file;
      link.textContent = entry.title;
      line.textContent = entry.summary;
      link.append(line);
      item.append(link);
      return item;
    }));
    count.textContent = !words.length ? "" : hits.length > MOST ? `${hits.length} pages, the first ${MOST}:`
      : hits.length ? `${hits.length} page${hits.length > 1 ? "s" : ""}:` : "No page holds all of these words.";
  };

  const links = () => [...found.querySelectorAll("a")];
  const move = (event) => {
    const all = links(), at = all.indexOf(document.activeElement);
    if (event.key === "Escape") { query.value = ""; show(); query.focus(); }
    else if (event.key === "ArrowDown" && all.length) all[Math.min(at + 1, all.length - 1)].focus();
    else if (event.key === "ArrowUp" && at >= 0) (at ? all[at - 1] : query).focus();
    else return;
    event.preventDefault();
  };

  const fromAddress = () => {
    const asked = new URLSearchParams(location.hash.slice(1)).get("search");
    if (asked !== null) { query.value = asked; show(); }
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [first] = links();
    if (first) first.click();
  });
  form.addEventListener("keydown", move);
  query.addEventListener("input", show);
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) { event.preventDefault(); query.focus(); }
  });
  addEventListener("hashchange", fromAddress);
  fromAddress();
})();
"""


def search_script(entries: Sequence[Entry]) -> str:
    """The script with its index: `title`, `file`, `summary` and `words` of every page."""
    # U+2028 and U+2029 are line ends to older scripts; json escapes them with everything that is not ASCII.
    return f"const INDEX = {json.dumps(list(entries), separators=(',', ':'))};\n{SCRIPT}"
