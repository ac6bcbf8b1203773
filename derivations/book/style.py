"""The site's style sheet: one column, quiet colours, light and dark."""

STYLE = """\
:root {
  color-scheme: light dark;
  --paper: #fdfcf9; --ink: #22262b; --quiet: #596068; --line: #dedbd3; --shade: #f4f2ec;
  --link: #1f4f8b; --good: #1c6339; --fair: #765000; --bad: #a3231f; --focus: #1f4f8b;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Source Serif 4", "Noto Serif", Georgia, serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --maths: "STIX Two Math", "Latin Modern Math", "Cambria Math", "XITS Math", "TeX Gyre Termes Math", math, serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181c; --ink: #e2e0da; --quiet: #a4a8ae; --line: #363a41; --shade: #1e2126;
    --link: #93bdf3; --good: #82cf9c; --fair: #e0b965; --bad: #f39a94; --focus: #93bdf3;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.6 var(--serif); overflow-wrap: break-word;
}
header, main { width: min(46rem, 100% - 2.25rem); margin: 0 auto; }
header {
  display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; align-items: baseline; padding-top: 1.25rem;
  padding-bottom: 0.75rem; border-bottom: 1px solid var(--line);
}
main { padding-top: 1.5rem; padding-bottom: 4rem; }
.home { font-weight: 600; letter-spacing: 0.01em; color: var(--ink); text-decoration: none; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 0.5rem; background: var(--paper); padding: 0.25rem 0.5rem; z-index: 1; }
a { color: var(--link); text-decoration-thickness: 0.06em; text-underline-offset: 0.18em; }
a:hover { text-decoration-thickness: 0.12em; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 2px; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: 2rem; margin: 1rem 0 0.25rem; letter-spacing: -0.01em; }
h2 { font-size: 1.375rem; margin: 3rem 0 0.75rem; }
h3 { font-size: 1.125rem; margin: 2.25rem 0 0.5rem; }
p, ul, ol { margin: 0 0 1rem; max-width: 42rem; }
ul, ol { padding-left: 1.4rem; }
li { margin-bottom: 0.25rem; }
.summary { font-size: 1.1875rem; color: var(--quiet); line-height: 1.5; margin-bottom: 1.5rem; }
.note { color: var(--quiet); font-size: 0.9375rem; }
code { font-family: var(--mono); font-size: 0.86em; }
pre {
  background: var(--shade); border: 1px solid var(--line); border-radius: 4px; padding: 0.875rem 1rem;
  overflow-x: auto; font-size: 0.8125rem; line-height: 1.55; margin: 0.75rem 0 1rem;
}
pre code { font-size: inherit; }
math { font-family: var(--maths); }
.equation { margin: 0.9rem 0; padding-left: 1.25rem; border-left: 2px solid var(--line); }
.formula {
  overflow-x: auto; overflow-y: hidden; padding: 0.2rem 0.25rem 0.3rem 1.6rem; text-indent: -1.6rem;
  line-height: 2.1;
}
.narrow { display: none; }
.formula math { text-indent: 0; font-size: 1.14em; }
.formula math:has(mfrac) { padding-block: 0.2em; }
mfrac > :first-child { padding-bottom: 0.1em; }
mfrac > :last-child { padding-top: 0.12em; }
.whole { white-space: nowrap; }
.cases { margin: 0.2em 0.1em; padding-left: 0.45em; border-left: 0.09em solid; border-radius: 0.5em; }
.cases mtd { padding: 0.15em 0.9em 0.15em 0; text-align: left; }
.stacked mtd { display: block; padding: 0.15em 0; }
.stacked mtd:has(mfrac) { padding-bottom: 0.6em; }
.stacked mtd + mtd { margin-left: 1.2em; padding: 0 0 0.4em; font-size: 0.88em; }
.stacked mtd:empty { display: none; }
.aside {
  display: flex; flex-wrap: wrap; gap: 0.15rem 1.25rem; align-items: baseline; font-size: 0.9375rem;
  color: var(--quiet);
}
.aside > * { min-width: 0; overflow-wrap: anywhere; }
.aside code { color: var(--ink); }
.label { font-style: italic; }
.badge { font-size: 0.8125rem; color: var(--quiet); }
.badge::before { content: "\\2713\\00a0"; }
.badge.proved, .badge.agree { color: var(--good); }
.badge.certified, .badge.unresolved, .badge.open { color: var(--fair); }
.badge.unresolved::before, .badge.open::before { content: "?\\00a0"; }
.badge.refuted, .badge.disagree { color: var(--bad); }
.badge.refuted::before, .badge.disagree::before { content: "\\2717\\00a0"; }
details { margin: 0.75rem 0 1rem; }
summary { cursor: pointer; width: fit-content; max-width: 100%; }
details > summary { color: var(--link); }
.steps { padding-left: 2rem; margin-top: 0.75rem; max-width: none; }
.steps > li { margin-bottom: 0.9rem; }
.steps > li::marker { color: var(--quiet); font-variant-numeric: tabular-nums; }
.steps details { margin: 0; }
.steps summary { color: var(--ink); }
.steps p { margin: 0.1rem 0 0.1rem; color: var(--quiet); }
.rule { font-weight: 600; margin-right: 0.5rem; }
.scroll { overflow-x: auto; margin: 1rem 0 1.5rem; }
table { border-collapse: collapse; font-size: 0.9375rem; line-height: 1.45; }
caption {
  text-align: left; color: var(--quiet); padding-bottom: 0.4rem; width: max-content;
  max-width: min(42rem, 100vw - 2.25rem);
}
th, td {
  text-align: left; vertical-align: baseline; padding: 0.35rem 1.25rem 0.35rem 0;
  border-bottom: 1px solid var(--line);
}
th { font-weight: 600; color: var(--quiet); }
td { font-variant-numeric: tabular-nums; }
.workings { width: 100%; table-layout: fixed; margin: 0.75rem 0 2rem; }
.workings th:nth-child(2), .workings th:nth-child(3) { width: 10.25rem; }
.workings th:last-child { width: 4.75rem; }
.workings th, .workings td { padding-right: 0.75rem; }
.workings tr:not(.start) td { padding-top: 0; }
.workings td { border-bottom-color: transparent; padding-bottom: 0.1rem; }
.workings .start:not(:first-child) td { border-top: 1px solid var(--line); }
.workings td:not(:first-child) { font-family: var(--mono); font-size: 0.75rem; white-space: nowrap; }
.workings td:last-child { color: var(--good); padding-right: 0; }
.workings .off td:last-child { color: var(--bad); }
.workings .formula { padding: 0 0 0.25rem 1.2rem; text-indent: -1.2rem; line-height: 1.9; }
.workings .formula:has(mfrac) { padding-bottom: 0.6rem; }
.workings .formula math { font-size: 1.05em; }
.shelves { display: flex; flex-wrap: wrap; gap: 0.15rem 1.1rem; font-size: 0.9375rem; }
.catalogue dt { margin-top: 0.5rem; }
.catalogue dd { margin: 0; color: var(--quiet); font-size: 0.9375rem; line-height: 1.45; }
.chapters { list-style: none; padding: 0; counter-reset: chapter; }
.chapters li {
  counter-increment: chapter; padding: 0.6rem 0; border-bottom: 1px solid var(--line); display: grid;
  grid-template-columns: 2rem 1fr;
}
.chapters li::before { content: counter(chapter); color: var(--quiet); font-variant-numeric: tabular-nums; }
.chapters span { color: var(--quiet); font-size: 0.9375rem; grid-column: 2; }
.neighbours {
  display: flex; justify-content: space-between; gap: 1rem; margin-top: 4rem; padding-top: 1rem;
  border-top: 1px solid var(--line);
}
.neighbours span { color: var(--quiet); font-size: 0.875rem; }
form[role="search"] {
  flex: 1 1 16rem; display: grid; grid-template-columns: auto 1fr; gap: 0 0.6rem; align-items: baseline;
  margin: 0;
}
form[hidden] { display: none; }
label { color: var(--quiet); font-size: 0.9375rem; }
input {
  font: inherit; font-size: 1rem; color: var(--ink); background: var(--shade); width: 100%; min-width: 0;
  border: 1px solid var(--quiet); border-radius: 4px; padding: 0.3rem 0.6rem;
}
input::placeholder { color: var(--quiet); opacity: 1; }
#count { grid-column: 1 / -1; margin: 0; color: var(--quiet); font-size: 0.875rem; }
#count:not(:empty) { margin-top: 0.4rem; }
#found { grid-column: 1 / -1; list-style: none; margin: 0; padding: 0; max-height: 60vh; overflow-y: auto; }
#found a { display: block; padding: 0.4rem 0.5rem; border-radius: 4px; text-decoration: none; }
#found a:hover, #found a:focus { background: var(--shade); }
#found span { display: block; color: var(--quiet); font-size: 0.875rem; line-height: 1.4; }
@media (min-width: 44rem) {
  .catalogue { display: grid; grid-template-columns: 13.5rem 1fr; gap: 0.3rem 1rem; align-items: baseline; }
  .catalogue dt { margin: 0; }
}
@media (min-width: 76rem) {
  pre, .workings { width: 56rem; }
}
@media (min-width: 84rem) {
  pre { width: 61rem; }
}
@media (max-width: 44rem) {
  body { font-size: 1rem; }
  h1 { font-size: 1.625rem; }
  h2 { margin-top: 2.5rem; }
  .equation { padding-left: 0.75rem; }
  .cases mtd { display: block; padding: 0.15em 0; }
  .cases mtd:has(mfrac) { padding-bottom: 0.6em; }
  .cases mtd + mtd { margin-left: 1.2em; padding: 0 0 0.4em; font-size: 0.88em; }
  .cases mtd:empty { display: none; }
  .wide { display: none; }
  .narrow { display: block; }
  .steps { padding-left: 1.5rem; }
  .workings thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .workings, .workings tbody, .workings tr, .workings td { display: block; }
  .workings tr { padding: 0.4rem 0; }
  .workings .start:not(:first-child) { border-top: 1px solid var(--line); }
  .workings td, .workings .start:not(:first-child) td { border: 0; padding: 0.05rem 0; white-space: normal; }
  .workings td:not(:first-child) { display: inline-block; margin-right: 1.25rem; }
  .workings td:not(:first-child):empty { display: none; }
  .scroll table { font-size: 0.875rem; }
  .scroll th, .scroll td { padding-right: 0.8rem; }
  .workings td:not(:first-child)::before { content: attr(data-label) "\\2002"; color: var(--quiet); }
}
@media print {
  header, .neighbours { display: none; }
  body { font-size: 10pt; }
}
"""
