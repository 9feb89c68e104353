"""The style sheet of the page: light and dark by the reader's setting, and legible on paper."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --raised: #f6f7f9; --ink: #1c2024; --faint: #59626c; --line: #d9dde2; --band: #e3e7ec;
  --base: #1f5fa8; --cand: #b4500b;
  --regression: #b3261e; --improvement: #18703a; --equivalent: #4b5661;
  --inconclusive: #805600; --incomparable: #7a3a9c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181b; --raised: #1d2125; --ink: #e4e7ea; --faint: #9aa4ae; --line: #343a40; --band: #2d343b;
    --base: #7db4f0; --cand: #f2a365;
    --regression: #ff8f85; --improvement: #6fce8f; --equivalent: #b3bdc7;
    --inconclusive: #e3b757; --incomparable: #cf9bea;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 80rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { margin: 0 0 .25rem; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 2.25rem 0 .5rem; font-size: 1.1rem; }
p, ul, ol, dl { margin: .4rem 0; }
code { font: .92em ui-monospace, monospace; }
.lead { font-size: 1.05rem; }
.faint, figcaption span, footer { color: var(--faint); }
.regression { color: var(--regression); } .improvement { color: var(--improvement); }
.equivalent { color: var(--equivalent); } .inconclusive { color: var(--inconclusive); }
.incomparable { color: var(--incomparable); } .no-worse { color: var(--equivalent); } .unjudged { color: var(--faint); }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 1rem; margin: 1.25rem 0 0; }
.sides div { padding: .7rem 1rem; }
dt { color: var(--faint); font-size: .85rem; } dd { margin: 0; } dd.name { font-weight: 600; }
.findings { padding: 0; list-style: none; }
.findings li { margin: .4rem 0; padding: .45rem .9rem; border-left: 3px solid var(--line); background: var(--raised); }
.findings li.blocks { border-color: var(--regression); } .findings li.warns { border-color: var(--inconclusive); }
.findings li.blocks, .findings li.warns { border-left-width: 6px; font-size: 1.05rem; }
.findings li.blocks strong { color: var(--regression); } .findings li.warns strong { color: var(--inconclusive); }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .93em; font-variant-numeric: tabular-nums; }
th, td { padding: .38rem .5rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: middle; }
thead th { color: var(--faint); font-size: .85rem; font-weight: 500; white-space: nowrap; }
tbody th { min-width: 16rem; font-weight: 400; overflow-wrap: break-word; }
.value { min-width: 6rem; }
.number, .word, .kind { white-space: nowrap; overflow-wrap: normal; }
.number { text-align: right; }
.held { min-width: 5.5rem; }
.verdict { min-width: 15rem; font-weight: 600; }
.verdict sup, .verdict a { font-weight: 400; }
.remark { display: block; color: var(--faint); font-size: .85rem; font-weight: 400; line-height: 1.35; }
tr:target, li:target { background: var(--band); }
a { color: inherit; }
.notes { padding-left: 1.6rem; }
summary { cursor: pointer; margin: 1rem 0 .4rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 1.25rem; }
.sides div, figure { border: 1px solid var(--line); border-radius: 6px; background: var(--raised); }
figure { max-width: 48rem; margin: 0; padding: .9rem 1rem .4rem; }
figcaption { margin-bottom: .5rem; } figcaption span { display: block; }
figure svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--ink); font: 12.5px system-ui, sans-serif; }
svg text.name { fill: var(--faint); } svg text.moved { fill: var(--faint); font-size: 11.5px; }
.grid { stroke: var(--line); } .axis { stroke: var(--faint); }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }
polyline.base { stroke: var(--base); } polyline.cand { stroke: var(--cand); stroke-dasharray: 7 4; }
circle.base { fill: var(--base); } rect.cand { fill: var(--raised); stroke: var(--cand); stroke-width: 2; }
svg.bar { width: 130px; height: 15px; vertical-align: middle; } svg.dots { display: block; }
.band { fill: var(--band); } .reach { stroke: currentColor; stroke-width: 2; } .dot { fill: currentColor; }
footer { margin-top: 3rem; font-size: .85rem; }
@media (max-width: 48rem) {
  body { padding: 1rem .75rem 3rem; }
  tbody th { min-width: 8.5rem; max-width: 11rem; } .verdict { min-width: 8.5rem; } .word { white-space: normal; }
}
@media print { body { max-width: none; padding: 0; } figure, tr { break-inside: avoid; } }
""".strip()
