#include "heed/trainers/report/page.h"

#include "heed/trainers/report/text.h"

namespace heed {

namespace {

// Cells are coloured no stronger than --heat-most, so that the ink keeps a contrast of 4.5 (WCAG AA) on every one of
// them. The colours of lines differ in lightness as well as in hue, so that they stay apart for colour-blind readers
// and in grey print.
std::string_view page_style() {
    return R"css(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --muted: #59636e; --rule: #d8dee4;
  --panel: #f6f8fa; --training: #1f5fa8; --validation: #d1690a; --test: #0a7f62; --heat-hit: 31 95 168;
  --heat-miss: 216 106 10; --heat-most: 0.7; }
@media (prefers-color-scheme: dark) { :root { --paper: #15191e; --ink: #e6e9ed; --muted: #9aa5b1; --rule: #333b45;
  --panel: #1e242b; --training: #6cb2f5; --validation: #ffab5c; --test: #4fd6ae; --heat-hit: 88 160 232;
  --heat-miss: 244 148 58; --heat-most: 0.55; } }
@media print { :root { color-scheme: light; --paper: #ffffff; --ink: #000000; --muted: #444444; --rule: #cccccc;
  --panel: #ffffff; --training: #1f5fa8; --validation: #d1690a; --test: #0a7f62; --heat-hit: 31 95 168;
  --heat-miss: 216 106 10; --heat-most: 0.7; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1.5rem 1.25rem 3rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 2.5rem 0 0.75rem; padding-bottom: 0.25rem; font-size: 1.2rem; border-bottom: 1px solid var(--rule); }
p { max-width: 46rem; }
.note, .unit, .sure, .reference, footer { color: var(--muted); }
.result { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.75rem; margin: 0.75rem 0 1.25rem; }
.result b { font-size: 3rem; line-height: 1.15; font-weight: 650; font-variant-numeric: tabular-nums; }
.end { padding: 0.5rem 0.9rem; border-left: 4px solid var(--validation); background: var(--panel);
  overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: 0.7rem 1.5rem;
  margin: 0; padding: 0.8rem 1rem; border-radius: 6px; background: var(--panel); }
.facts dt { font-size: 0.8rem; color: var(--muted); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.5rem 2rem; }
.chart { position: relative; margin: 0; min-width: 0; max-width: 40rem; }
.chart figcaption { line-height: 1.35; }
.unit { font-size: 0.85rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0 1rem; min-height: 1.35em; font-size: 0.85rem; }
.key::before { content: ""; display: inline-block; width: 1.1em; height: 3px; margin-right: 0.4em;
  vertical-align: 0.25em; background: currentColor; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.key.mark::before { width: 0.6em; height: 0.6em; transform: rotate(45deg); vertical-align: 0; }
.key.resumed::before { height: 0; background: none; border-top: 2px dotted currentColor; }
.key.training { color: var(--training); } .key.validation { color: var(--validation); }
.key.test { color: var(--test); } .key.resumed { color: var(--muted); }
.chart > svg { display: block; width: 100%; height: auto; touch-action: pan-y; }
.chart text { font-size: 12px; fill: var(--muted); font-variant-numeric: tabular-nums; }
.grid { stroke: var(--rule); } .tick, .axis { stroke: var(--muted); }
.resume { stroke: var(--muted); stroke-width: 1.5; stroke-dasharray: 2 4; }
.cursor { stroke: var(--muted); }
g.training { stroke: var(--training); fill: var(--training); }
g.validation { stroke: var(--validation); fill: var(--validation); }
g.test { stroke: var(--paper); fill: var(--test); } g.test polyline { stroke: var(--test); }
g polyline { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
g.faint { opacity: 0.35; } g.faint polyline { stroke-width: 1; }
g.band { opacity: 0.13; stroke: none; }
.tip { position: absolute; z-index: 1; padding: 0.3rem 0.55rem; border: 1px solid var(--rule); border-radius: 4px;
  background: var(--panel); font-size: 0.8rem; line-height: 1.4; white-space: pre; pointer-events: none; }
details { margin-top: 1.25rem; } summary { cursor: pointer; }
.scroll { overflow-x: auto; margin: 0.75rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th { font-weight: 600; }
.epochs th, .epochs td { padding: 0.15rem 0.7rem; text-align: right; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
.pairs th, .pairs td { padding: 0.2rem 0.9rem 0.2rem 0; text-align: left; border-bottom: 1px solid var(--rule); }
.confusion { font-size: 0.85rem; }
.confusion td { min-width: 2.9rem; height: 2.2rem; padding: 0 0.3rem; text-align: center;
  border: 1px solid var(--paper); }
.confusion tbody th { position: sticky; left: 0; padding-right: 0.6rem; background: var(--paper); text-align: right;
  white-space: nowrap; }
.confusion thead th { padding: 0 0 0.35rem; vertical-align: bottom; }
.confusion thead span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; }
.confusion .hit { background: rgb(var(--heat-hit) / calc(var(--heat-most) * var(--heat))); }
.confusion .miss { background: rgb(var(--heat-miss) / calc(var(--heat-most) * var(--heat))); }
.confusion .none { color: var(--muted); }
.confusion .side, .confusion .side td, .confusion .side th { color: var(--muted); font-weight: 400; }
.confusion td.side { padding-left: 0.7rem; text-align: right; white-space: nowrap; }
.confusion td { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.6rem, 1fr)); gap: 1.1rem 0.8rem; margin: 0;
  padding: 0; list-style: none; }
.sheet li { display: flex; flex-direction: column; font-size: 0.8rem; line-height: 1.35; overflow-wrap: anywhere;
  break-inside: avoid; }
.sheet img { width: 100%; height: auto; margin-bottom: 0.25rem; image-rendering: pixelated; background: var(--panel); }
.sheet i { font-style: normal; color: var(--validation); }
#scores code { overflow-wrap: anywhere; }
.texts { display: grid; gap: 1.1rem; max-width: 52rem; padding: 0; list-style: none; font-size: 0.9rem; }
.texts p { margin: 0.25rem 0 0; line-height: 1.55; overflow-wrap: anywhere; } .texts i { font-style: normal; color: var(--validation); }
.words span { padding: 0.1em 0.15em; border-radius: 3px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.words .for { background: rgb(var(--heat-hit) / calc(var(--heat-most) * var(--heat))); }
.words .against { background: rgb(var(--heat-miss) / calc(var(--heat-most) * var(--heat))); }
h3 { margin: 1.75rem 0 0.5rem; font-size: 1rem; }
.alignment { margin: 1.5rem 0; } .alignment figcaption { margin-bottom: 0.5rem; overflow-wrap: anywhere; }
.layers { display: flex; flex-wrap: wrap; align-items: start; gap: 0.5rem 2rem; }
.layers .scroll { min-width: 0; max-width: 100%; margin: 0; } .alignment table { font-size: 0.8rem; }
.alignment caption { padding-bottom: 0.4rem; text-align: left; color: var(--muted); }
.layers td { min-width: 1.75rem; height: 1.75rem; padding: 0 0.15rem; text-align: center; border: 1px solid var(--rule);
  background: rgb(var(--heat-hit) / calc(var(--heat-most) * var(--heat, 0))); print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.layers thead td { border: 0; } .layers th { font-weight: 400; white-space: nowrap; }
.layers tbody th { position: sticky; left: 0; padding-right: 0.5rem; background: var(--paper); text-align: right; }
.layers thead th { padding: 0 0 0.3rem; vertical-align: bottom; }
.layers thead span { writing-mode: vertical-rl; transform: rotate(180deg); }
.alignment details { margin-top: 0.5rem; font-size: 0.9rem; }
.heads th { padding-right: 0.6rem; font-weight: 400; color: var(--muted); white-space: nowrap; }
.heads td { padding: 0.2rem 0.5rem 0.2rem 0; color: var(--muted); }
.heads img { display: block; background: var(--panel); outline: 1px solid var(--rule); image-rendering: pixelated;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.entropy td { min-width: 3.2rem; height: 2rem; padding: 0 0.4rem; text-align: center; border: 1px solid var(--paper);
  background: rgb(var(--heat-hit) / calc(var(--heat-most) * var(--heat))); print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.entropy th, .maps th, .pairs-of-tokens th { padding: 0.15rem 0.6rem 0.15rem 0; font-size: 0.8rem; font-weight: 400;
  color: var(--muted); white-space: nowrap; }
.entropy tbody th, .maps tbody th, .pairs-of-tokens tbody th { position: sticky; left: 0; z-index: 1;
  background: var(--paper); text-align: right; }
.entropy thead th, .maps thead th, .pairs-of-tokens thead th { padding: 0.15rem 0.25rem; }
.images { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, var(--looks-width)), 1fr));
  gap: 1.75rem 1.5rem; }
.looks { display: flex; flex-wrap: wrap; align-content: start; gap: 0.25rem 1.5rem; margin: 0; min-width: 0;
  break-inside: avoid; }
.looks figcaption { flex: 0 0 100%; line-height: 1.35; } .looks i { font-style: normal; color: var(--validation); }
.looks .scroll { flex: 0 1 auto; min-width: 0; margin: 0; }
.looks img { display: block; width: 4.5rem; aspect-ratio: var(--ratio); image-rendering: pixelated; }
.looks .over { background: var(--picture) 0 0 / 100% 100%; }
.looks .maps td { padding: 1px; } .pairs-of-tokens td { padding: 2px; }
.looks img { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.whole { display: flex; flex-direction: column; gap: 0.5rem; padding-top: 1.5rem; font-size: 0.8rem;
  color: var(--muted); }
.whole img { width: 6rem; }
.pairs-of-tokens td { font-size: 0.75rem; text-align: center; color: var(--muted); }
.pairs-of-tokens img { display: block; width: 6rem; height: 6rem; background: var(--panel); image-rendering: pixelated; }
.memory { margin: 1.5rem 0 0; max-width: 46rem; }
.bar { display: flex; height: 1.5rem; margin: 0.4rem 0; overflow: hidden; border-radius: 4px; background: var(--panel);
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.bar span { min-width: 1px; background: currentColor; }
.part::before { content: ""; display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.4em;
  vertical-align: -0.05em; background: currentColor; }
.bar .parameters, .parameters::before { color: var(--training); }
.bar .gradients, .gradients::before { color: var(--validation); }
.bar .optimizer, .optimizer::before { color: var(--test); }
.bar .activations, .activations::before { color: var(--muted); }
pre { overflow-x: auto; padding: 0.8rem 1rem; border: 1px solid var(--rule); background: var(--panel);
  font: 0.85rem/1.45 ui-monospace, "SFMono-Regular", Menlo, Consolas, "Liberation Mono", monospace; }
footer { margin-top: 3rem; font-size: 0.85rem; }
@media (max-width: 40rem) { body { padding: 1rem 0.9rem 2rem; } .chart text { font-size: 15px; }
  .facts { grid-template-columns: repeat(auto-fill, minmax(min(100%, 9rem), 1fr)); gap: 0.6rem 1rem; }
  .confusion { font-size: 0.72rem; } .confusion td { min-width: 1.7rem; height: 1.7rem; padding: 0 0.05rem; }
  .confusion tbody th { padding-right: 0.3rem; } .confusion td.side { padding-left: 0.3rem; }
  .confusion .side td { padding: 0 0.3rem; }
  .sheet { grid-template-columns: repeat(auto-fill, minmax(5.6rem, 1fr)); }
  .entropy td { min-width: 2.9rem; padding: 0; } .entropy th { font-size: 0.72rem; } .pairs-of-tokens img { width: 4.4rem; height: 4.4rem; }
  .whole { flex: 0 0 100%; flex-direction: row; padding-top: 0.25rem; }
  .looks .maps img { width: 3.6rem; } }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } .chart, .facts div { break-inside: avoid; }
  .charts { grid-template-columns: 1fr 1fr; } h2 { break-after: avoid; } .tip { display: none; } }
)css";
}

}  // namespace

std::string html_page(std::string_view title, std::string_view body, std::string_view more_style) {
    std::string html =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'\"/>\n<title>" +
        escape_html(title) + "</title>\n<style>";
    html += page_style();
    html += more_style;
    html += "</style>\n</head>\n<body>\n";
    html += body;
    return html + "</body>\n</html>\n";
}

std::string_view page_script() {
    return R"js(
"use strict";
for (const figure of document.querySelectorAll(".chart")) {
  const svg = figure.querySelector("svg");
  const numbers = (name) => svg.dataset[name].split(" ").map(Number);
  const [left, top, right, bottom] = numbers("frame"), [firstStep, lastStep] = numbers("x"), [low, high] = numbers("y");
  const value = (y) => {
    const share = (bottom - y) / (bottom - top);
    return svg.dataset.log === "1" ? low * Math.pow(high / low, share) : low + share * (high - low);
  };
  const series = [...svg.querySelectorAll("g[data-name]")].map((group) => {
    const points = [];
    for (const mark of group.children) {
      if (mark.tagName === "polyline") for (const point of mark.points) points.push([point.x, point.y]);
      else if (mark.tagName === "circle") points.push([mark.cx.baseVal.value, mark.cy.baseVal.value]);
      else points.push(mark.dataset.at.split(",").map(Number));
    }
    return { name: group.dataset.name, points };
  });
  const cursor = document.createElementNS(svg.namespaceURI, "line");
  const tip = document.createElement("div");
  tip.className = "tip";
  const hide = () => { cursor.remove(); tip.remove(); };
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
    const x = Math.min(right, Math.max(left, (event.clientX - box.left) * scale));
    const share = (x - left) / (right - left);
    const step = svg.dataset.logx === "1" ? firstStep * Math.pow(lastStep / firstStep, share)
                                          : firstStep + share * (lastStep - firstStep);
    const whole = svg.dataset.pointer === "step" || step >= 1000;
    const lines = [svg.dataset.pointer + " " +
      (whole ? Math.round(step) : Number(step.toPrecision(3))).toLocaleString("en")];
    for (const { name, points } of series) {
      if (points.length === 0) continue;
      const near = points.reduce((best, point) => Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best);
      if (Math.abs(near[0] - x) > 15) continue;
      lines.push(name + " " + Number(value(near[1]).toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 }) +
        svg.dataset.suffix);
    }
    for (const [name, at] of [["x1", x], ["x2", x], ["y1", top], ["y2", bottom]]) cursor.setAttribute(name, at);
    cursor.setAttribute("class", "cursor");
    svg.append(cursor);
    tip.textContent = lines.join("\n");
    figure.append(tip);
    const room = figure.clientWidth - tip.offsetWidth;
    const beside = (x / scale) + 12 > room ? (x / scale) - tip.offsetWidth - 12 : (x / scale) + 12;
    tip.style.left = Math.max(0, Math.min(room, beside)) + "px";
    tip.style.top = box.top - figure.getBoundingClientRect().top + top / scale + 4 + "px";
  });
}
)js";
}

}  // namespace heed
