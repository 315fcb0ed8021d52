/** The page itself: what does not change while it is open, with the first content in its places. Pure. */
import { type ChartName, curvesOfChart, titleOf } from './charts.ts';
import { type Look, label, say } from './format.ts';
import { type Html, html } from './html.ts';
import { LANGUAGES, otherThan, TEXTS } from './texts.ts';
import type { View } from './view.ts';

/** What was made by `html` before, as text. */
const made = (text: string): Html => ({ ...html``, text });

const queryOf = ({ language, isWall }: Look): string => `?lang=${language}${isWall ? '&wall' : ''}`;

const chart = (name: ChartName, view: View, look: Look): Html => {
  const curves = curvesOfChart(name);
  const summary = view.data.find((one) => one.name === name)?.summary ?? '';
  const legend =
    curves.length > 1 &&
    html`<ul class="legend">${curves.map(
      ({ kind, title }) => html`<li><span class="swatch swatch-${kind}"></span>${say(look, title)}</li>`,
    )}</ul>`;
  const table =
    !look.isWall &&
    html`<details><summary>${say(look, 'table')}</summary><div class="scroll" tabindex="0" role="group" aria-label="${say(look, titleOf(name))}"><table id="table-${name}">${made(view.parts[`table-${name}`] ?? '')}</table></div></details>`;
  return html`<figure class="chart chart-${name}"><figcaption><h3>${label(look, TEXTS[titleOf(name)])}</h3>${legend}<span class="reading" aria-hidden="true"></span></figcaption><div class="plot" role="img" aria-label="${summary}" data-chart="${name}" data-kinds="${curves.map(({ kind }) => kind).join(' ')}"></div>${table}</figure>`;
};

const links = (look: Look): Html => {
  const other = { ...look, language: otherThan(look.language) };
  const size = { ...look, isWall: !look.isWall };
  return html`<a href="${queryOf(other)}" lang="${other.language}">${TEXTS.otherLanguage[look.language]}</a> <a href="${queryOf(size)}">${say(look, look.isWall ? 'ordinary' : 'wall')}</a>`;
};

/** @param look of this page; links lead to the other language and the other size */
export const shellOf = (view: View, look: Look): string => {
  const part = (name: string): Html => made(view.parts[name] ?? '');
  const tiers = html`<section class="panel tiers" aria-labelledby="t-tiers"><h2 id="t-tiers">${label(look, TEXTS.tiers)}</h2>
<div class="scroll" tabindex="0" role="group" aria-labelledby="t-tiers"><table><thead><tr><th scope="col">${say(look, 'tier')}</th><th scope="col" class="number">${say(look, 'ready')}</th><th scope="col" class="number">${say(look, 'desired')}</th><th scope="col" class="number">${say(look, 'ceiling')}</th><td class="bars"></td><th scope="col" class="since">${say(look, 'since')}</th><th scope="col">${say(look, 'why')}</th></tr></thead><tbody id="tiers">${part('tiers')}</tbody></table></div></section>`;
  return html`<!doctype html>
<html lang="${look.language}" class="${look.isWall ? 'wall' : 'page'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="${look.isWall ? 'dark' : 'light dark'}">
<title>${say(look, 'dashboard')}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="uplot.css">
<link rel="stylesheet" href="page.css">
<script type="module" src="page.mjs"></script>
</head>
<body data-shape="${view.shape}" data-offset="${view.offsetSeconds}" data-copied="${say(look, 'copied')}">
<a class="skip" href="#main">${say(look, 'skip')}</a>
<header><div id="head">${part('head')}</div><div id="clock">${part('clock')}</div></header>
<main id="main" tabindex="-1">
<div class="notes">
<noscript><p class="noscript">${say(look, 'needsScript')}</p></noscript>
<div id="source">${part('source')}</div>
<div id="stale">${part('stale')}</div>
<div id="lost" hidden><p><strong>${say(look, 'lost')} <span class="age"></span></strong></p></div>
</div>
<div id="health" aria-live="polite">${part('health')}</div>
<section class="figures" aria-labelledby="t-figures"><h2 id="t-figures">${say(look, 'figures')}</h2><dl id="figures">${part('figures')}</dl></section>
<section class="panel needs" aria-labelledby="t-needs"><h2 id="t-needs">${label(look, TEXTS.needs)}</h2><div id="needs">${part('needs')}</div></section>
<section class="charts" aria-labelledby="t-charts"><h2 id="t-charts">${say(look, 'charts')}</h2>${view.charts.map((name) => chart(name, view, look))}</section>
${tiers}
<section class="panel steps" aria-labelledby="t-steps"><h2 id="t-steps">${label(look, TEXTS.steps)}</h2><ol id="steps">${part('steps')}</ol></section>
</main>
<footer><p id="foot">${part('foot')}</p><nav aria-label="${say(look, 'dashboard')}">${links(look)}</nav></footer>
<p id="announce" class="hidden" role="status"></p>
</body>
</html>
`.text;
};

/** `?lang=zh-CN&wall`; what is not stated is as the command line said. */
export const lookOf = (query: URLSearchParams, stated: Look): Look => ({
  language: LANGUAGES.find((one) => one === query.get('lang')) ?? stated.language,
  isWall: query.has('lang') ? query.has('wall') : query.has('wall') || stated.isWall,
});
