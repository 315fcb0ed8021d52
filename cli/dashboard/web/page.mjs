/**
 * Keeps the page up to date: puts new content in its places and draws the charts. All words and HTML come from the server, which
 * escapes them. This file runs in the browser and is served as it is.
 */
import uPlot from './uplot.mjs';

/** Later than the server's heartbeat of 2 s, and its restart by a person. */
const LOST_AFTER_MS = 7_000;
const { body } = document;
const isWall = document.documentElement.classList.contains('wall');
const offsetSeconds = Number(body.dataset.offset);

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const clock = (seconds, hasSeconds) =>
  new Date((seconds + offsetSeconds) * 1000).toISOString().slice(11, hasSeconds ? 19 : 16);

const short = (value) => {
  const shortened = (by, unit) => `${Number((value / by).toFixed(1))}${unit}`;
  if (Math.abs(value) >= 1e6) return shortened(1e6, 'M');
  return Math.abs(value) >= 1e4 ? shortened(1e3, 'k') : String(value);
};

const plots = [...document.querySelectorAll('.plot')].map((element) => ({
  element,
  name: element.dataset.chart,
  kinds: element.dataset.kinds.split(' '),
  reading: element.closest('figure').querySelector('.reading'),
  data: undefined,
  chart: undefined,
}));

const seriesOf = (kind, name) => {
  const scale = isWall ? 1.6 : 1;
  const stepped = uPlot.paths.stepped({ align: 1 });
  const common = { points: { show: false }, spanGaps: false };
  switch (kind) {
    case 'ready':
      return { ...common, stroke: css('--ready'), fill: css('--ready-fill'), width: 1.5 * scale, paths: stepped };
    case 'desired':
      return { ...common, stroke: css('--desired'), width: 2 * scale, paths: stepped };
    case 'ceiling':
      return { ...common, stroke: css('--ceiling'), width: 1.5 * scale, dash: [8, 6], paths: stepped };
    default:
      return { ...common, stroke: css(`--${name}`), fill: css(`--${name}-fill`), width: 2 * scale };
  }
};

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400];

const read = (plot, index) => {
  if (index === null || index === undefined) {
    plot.reading.textContent = '';
    return;
  }
  const values = plot.data
    .slice(1)
    .map((row) => (row[index] === null ? '–' : Math.round(row[index]).toLocaleString('en-US')));
  plot.reading.textContent = `${clock(plot.data[0][index], true)}  ${values.join(' / ')}`;
};

const make = (plot) => {
  plot.chart?.destroy();
  const { element, kinds, name } = plot;
  const font = `${isWall ? Math.round(window.innerHeight / 64) : 12}px ${css('--font')}`;
  const axis = {
    stroke: css('--soft'),
    font,
    grid: { stroke: css('--grid'), width: 1 },
    ticks: { show: false },
  };
  plot.chart = new uPlot(
    {
      width: Math.max(120, element.clientWidth),
      height: Math.max(80, element.clientHeight),
      padding: [isWall ? 12 : 8, isWall ? 32 : 20, 0, 0],
      scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(most ?? 0, 4) * 1.08] } },
      axes: [
        {
          ...axis,
          incrs: STEPS,
          space: isWall ? 140 : 70,
          size: isWall ? 36 : 28,
          values: (_, splits, __, ___, step) => splits.map((value) => clock(value, step < 60)),
        },
        {
          ...axis,
          size: isWall ? 76 : 48,
          space: isWall ? 44 : 30,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6],
          values: (_, splits) => splits.map(short),
        },
      ],
      legend: { show: false },
      cursor: { show: !isWall, y: false, drag: { x: false, y: false }, points: { size: 7 } },
      series: [{}, ...kinds.map((kind) => seriesOf(kind, name))],
      hooks: { setCursor: [({ cursor }) => read(plot, cursor.idx)] },
    },
    plot.data,
    element,
  );
};

const draw = (charts) => {
  for (const { name, data, summary } of charts) {
    const plot = plots.find((one) => one.name === name);
    if (plot === undefined) continue;
    plot.data = data;
    plot.element.setAttribute('aria-label', summary);
    if (plot.chart === undefined) make(plot);
    else plot.chart.setData(data);
  }
};

const remake = () => {
  for (const plot of plots) if (plot.chart !== undefined) make(plot);
};
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', remake);
new ResizeObserver(() => {
  for (const { chart, element } of plots)
    chart?.setSize({ width: Math.max(120, element.clientWidth), height: Math.max(80, element.clientHeight) });
}).observe(body);

const announce = (text) => {
  document.getElementById('announce').textContent = text;
};

/** Only what is different: a selection or an open menu elsewhere stays, and so does the focus. */
const put = (name, content) => {
  const element = document.getElementById(name);
  if (element === null) return;
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  // Ages change each second, and are not read out: only that there is one.
  const begins = name === 'stale' && element.innerHTML === '';
  element.innerHTML = content;
  if (begins) announce(element.innerText);
  if (focused !== undefined) element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
};

let heardAt = performance.now();
const lost = document.getElementById('lost');
const hear = () => {
  heardAt = performance.now();
  lost.hidden = true;
};

const source = new EventSource(`events${location.search}`);
source.addEventListener('alive', hear);
source.addEventListener('message', ({ data }) => {
  hear();
  const { shape, parts = {}, data: charts = [] } = JSON.parse(data);
  if (shape !== body.dataset.shape) {
    location.reload();
    return;
  }
  for (const [name, content] of Object.entries(parts)) put(name, content);
  draw(charts);
  body.dataset.live = 'true';
});

setInterval(() => {
  const ageMs = performance.now() - heardAt;
  if (ageMs < LOST_AFTER_MS) return;
  const seconds = Math.round(ageMs / 1000);
  lost.querySelector('.age').textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  if (lost.hidden) announce(lost.innerText);
  lost.hidden = false;
}, 1_000);

document.addEventListener('click', async ({ target }) => {
  const button = target.closest?.('[data-copy]');
  if (button === null || button === undefined) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  announce(body.dataset.copied);
  button.textContent = body.dataset.copied;
});
