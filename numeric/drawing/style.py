"""How the report looks: on a wide window and on a telephone, in light and in dark, and on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1d20; --muted: #5b6168; --rule: #d9dce0; --wash: #f4f5f7;
  --right: 30 110 220; --wrong: 224 92 16; --good: #14703a; --bad: #b3261e; --open: #7a5600;
  --s0: #1a62b8; --s1: #b04a00; --s2: #10744c; --s3: #8a3a94; --s4: #75600a; --s5: #5a6470;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --ink: #e9e8e5; --muted: #a5abb2; --rule: #3a3f45; --wash: #1f2226;
    --good: #6fd39a; --bad: #ff9a90; --open: #e6bd5a;
    --s0: #74b3ff; --s1: #ff9f66; --s2: #5fd3a3; --s3: #dba4ea; --s4: #dcc04f; --s5: #b3bcc6;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main { max-width: 70rem; margin: 0 auto; padding: clamp(1rem, 4vw, 3rem) clamp(1rem, 4vw, 2rem) 4rem; }
h1 { font-size: clamp(1.5rem, 1.1rem + 2vw, 2.4rem); line-height: 1.2; margin: 0 0 .75rem; text-wrap: balance; }
h2 { font-size: 1.3rem; margin: 3rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 0 0 .25rem; }
p { margin: 0 0 .75rem; max-width: 44rem; overflow-wrap: break-word; }
h1, h2, h3, figcaption, dd { overflow-wrap: break-word; }
.lead { font-size: 1.1rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); gap: 1.5rem 2.5rem; }
.pair > * { min-width: 0; }
figure { margin: 0; break-inside: avoid; }
figcaption { color: var(--muted); font-size: .9rem; max-width: 44rem; margin-top: .5rem; }
.chart { display: block; width: 100%; height: auto; }
.chart text { font-size: 12px; fill: var(--muted); }
.chart .name { fill: currentColor; font-weight: 600; }
.grid { stroke: var(--rule); }
.tick { stroke: var(--muted); }
.mark { stroke: var(--muted); stroke-dasharray: 4 3; }
.series polyline { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.series circle { fill: currentColor; }
.s0 { color: var(--s0); } .s1 { color: var(--s1); } .s2 { color: var(--s2); }
.s3 { color: var(--s3); } .s4 { color: var(--s4); } .s5 { color: var(--s5); }
.scroll { overflow-x: auto; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--s0); outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); font-size: .9rem; padding-bottom: .25rem; }
th { font-weight: 600; text-align: left; }
.listed { min-width: min(100%, 36rem); font-size: clamp(.8rem, .7rem + .4vw, .95rem); margin-bottom: .75rem; }
.listed th, .listed td { padding: .3rem clamp(.5rem, 2vw, 1.2rem) .3rem 0; border-bottom: 1px solid var(--rule); }
.listed th { vertical-align: bottom; line-height: 1.2; }
.listed .number { text-align: right; }
.confusion { font-size: clamp(.65rem, .45rem + .8vw, .9rem); width: 100%; table-layout: fixed; min-width: 19rem; }
.confusion, .agree, .disagree, .unresolved { white-space: nowrap; }
.confusion th, .confusion td { text-align: center; padding: .4em 0; border: 1px solid var(--paper); }
.confusion th { color: var(--muted); }
.confusion td { background: var(--wash); }
.confusion .hit { background: rgb(var(--right) / var(--shade)); }
.confusion .miss { background: rgb(var(--wrong) / var(--shade)); }
.confusion .rate { background: none; width: 4.6em; color: var(--muted); }
.tiles {
  --tile: clamp(2.6rem, 5vw, 3.8rem);
  display: grid; gap: .35rem; grid-template-columns: repeat(auto-fill, minmax(var(--tile), 1fr));
}
.tiles img { display: block; width: 100%; image-rendering: pixelated; background: var(--wash); border-radius: 2px; }
.kernels { grid-template-columns: repeat(8, 1fr); max-width: 44rem; }
.digits { --tile: 4.6rem; gap: .75rem; }
.digits img { border: 1px solid var(--rule); }
.digits figcaption { margin-top: .2rem; font-size: .85rem; line-height: 1.3; }
.digits b { color: var(--ink); }
.scale { display: flex; gap: .6rem; align-items: center; margin: 0 0 .75rem; font-size: .9rem; color: var(--muted); }
.scale span {
  width: 9rem; height: .8rem; border: 1px solid var(--rule); border-radius: 2px;
  background: linear-gradient(90deg, rgb(30 110 220), transparent, rgb(224 92 16));
}
.agree { color: var(--good); } .disagree { color: var(--bad); } .unresolved { color: var(--open); }
.agree, .disagree, .unresolved { font-weight: 600; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; margin: 0 0 .75rem; }
dt { color: var(--muted); }
dd { margin: 0; }
code { font: .85em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
details { margin: .75rem 0; }
summary { cursor: pointer; padding: .2rem 0; }
@media print {
  main { max-width: none; padding: 0; }
  h2 { break-after: avoid; }
  .hit, .miss, .tiles img, .scale span { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
