/**
 * One run of `npm run demo` as a picture for the README: arrivals, replicas and backlog over one time axis, and where processes
 * were killed. SVG with its own style, legible on light and dark ground.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Written by `npm run demo -- --chaos --json docs/evidence/18-demo-run.json`. */
const DEMO_RUN = join(import.meta.dirname, '../../docs/evidence/18-demo-run.json');

const tier = z.object({ ready: z.number(), desired: z.number() }).optional();
const sample = z.object({
  seconds: z.number(),
  sentPerSecond: z.number(),
  backlog: z.number().optional(),
  intake: tier,
  records: tier,
});
type Sample = z.infer<typeof sample>;

/** What `npm run demo -- --json FILE` writes, as far as it is drawn. */
const demoRun = z.object({
  samples: z.array(sample).min(2),
  killed: z.array(z.object({ role: z.string(), secondsAfterOpening: z.number() })),
  load: z.object({ p99Ms: z.number() }),
  ledgerCheck: z.object({ acknowledged: z.number(), lost: z.number() }),
});

const WIDTH = 960;
const LEFT = 56;
const RIGHT = 24;
const TOP = 128;
const PANEL = 96;
const GAP = 44;

const STYLE =
  'svg{font:13px system-ui,"Segoe UI",Roboto,sans-serif;background:#fbfaf7}.ground{fill:#fbfaf7}.ink{fill:#22262b}.soft{fill:#5d6670}' +
  '.big{font-size:22px;font-weight:600}.name{font-weight:600}.grid{stroke:#dcd9d0}.open{stroke:#7a4fcf;stroke-dasharray:6 4}' +
  '.opens{fill:#7a4fcf;font-weight:600}.kill{stroke:#d1495b;stroke-dasharray:3 3}.killed{fill:#d1495b}.line{fill:none;stroke-width:1.6}' +
  '.arrivals{fill:#2f6fde;stroke:#2f6fde}.ready{fill:#2a9d6f;stroke:#2a9d6f}.desired{stroke:#e08a00}.backlog{fill:#d1495b;stroke:#d1495b}' +
  '.area{fill-opacity:.22;stroke:none}' +
  '@media(prefers-color-scheme:dark){svg{background:#15181c}.ground{fill:#15181c}.ink{fill:#eceae4}.soft{fill:#a3abb5}.grid{stroke:#2d333a}' +
  '.open{stroke:#b79bff}.opens{fill:#b79bff}.kill{stroke:#ff7b8d}.killed{fill:#ff7b8d}.arrivals{fill:#6ea0ff;stroke:#6ea0ff}' +
  '.ready{fill:#57d39f;stroke:#57d39f}.desired{stroke:#ffb547}.backlog{fill:#ff7b8d;stroke:#ff7b8d}}';

interface Curve {
  readonly className: string;
  readonly isArea: boolean;
  readonly of: (sample: Sample) => number;
}

const PANELS: readonly { readonly name: string; readonly legend: string; readonly curves: readonly Curve[] }[] = [
  {
    name: 'Arrivals',
    legend: 'attempted registrations a second',
    curves: [{ className: 'arrivals', isArea: true, of: ({ sentPerSecond }) => sentPerSecond }],
  },
  {
    name: 'Replicas of both tiers',
    legend: 'line: decided by the operator · area: Ready',
    curves: [
      { className: 'ready', isArea: true, of: ({ intake, records }) => (intake?.ready ?? 0) + (records?.ready ?? 0) },
      {
        className: 'desired',
        isArea: false,
        of: ({ intake, records }) => (intake?.desired ?? 0) + (records?.desired ?? 0),
      },
    ],
  },
  {
    name: 'Backlog',
    legend: 'registrations in the journal that are not in the database yet',
    curves: [{ className: 'backlog', isArea: true, of: ({ backlog }) => backlog ?? 0 }],
  },
];

const HEIGHT = TOP + PANELS.length * PANEL + (PANELS.length - 1) * GAP + 44;

const VICTIM: Readonly<Record<string, string>> = { nats: 'journal server' };

/** The next 1, 2, 2.5 or 5 times a power of ten. */
const roundUp = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= value) ?? 10) * power;
};

const fixed = (value: number): string => String(Number(value.toFixed(1)));
const count = (value: number): string => value.toLocaleString('en');

export const demoPicture = (): string => {
  const { samples, killed, load, ledgerCheck } = demoRun.parse(JSON.parse(readFileSync(DEMO_RUN, 'utf8')));
  const from = samples[0]?.seconds ?? 0;
  const to = samples.at(-1)?.seconds ?? 1;
  const x = (seconds: number): string => fixed(LEFT + ((seconds - from) / (to - from)) * (WIDTH - LEFT - RIGHT));
  const topOf = (panel: number): number => TOP + panel * (PANEL + GAP);

  const panels = PANELS.map(({ name, legend, curves }, index) => {
    const top = topOf(index);
    const most = roundUp(Math.max(...curves.flatMap(({ of }) => samples.map(of))));
    const y = (value: number): string => fixed(top + PANEL - (value / most) * PANEL);
    const grid = [0, most / 2, most].map(
      (value) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/>` +
        `<text class="soft" x="${LEFT - 8}" y="${fixed(Number(y(value)) + 4)}" text-anchor="end">${count(value)}</text>`,
    );
    const drawn = curves.map(({ className, isArea, of }) => {
      const line = samples
        .map((sample, at) => `${at === 0 ? 'M' : 'H'}${x(sample.seconds)}${at === 0 ? ' ' : 'V'}${y(of(sample))}`)
        .join('');
      const area = isArea ? `<path class="${className} area" d="${line}V${y(0)}H${x(from)}Z"/>` : '';
      return `${area}<path class="${className} line" style="fill:none" d="${line}"/>`;
    });
    return (
      `<text class="ink name" x="${LEFT}" y="${top - 12}">${name}<tspan class="soft" dx="10" font-weight="400">${legend}</tspan></text>` +
      grid.join('') +
      drawn.join('')
    );
  });

  const across = (seconds: number, className: string): string =>
    PANELS.map(
      (_, index) =>
        `<line class="${className}" x1="${x(seconds)}" x2="${x(seconds)}" y1="${topOf(index)}" y2="${topOf(index) + PANEL}"/>`,
    ).join('');
  const marks = killed.map(
    ({ role, secondsAfterOpening: at }, index) =>
      `${across(at, 'kill')}<text class="killed" x="${fixed(Number(x(at)) + 5)}" y="${topOf(1) + 36 + index * 20}">kill -9 ${VICTIM[role] ?? role}</text>`,
  );
  const figures = [
    [count(ledgerCheck.acknowledged), 'registrations acknowledged'],
    [count(ledgerCheck.lost), 'of them lost'],
    [`${Math.round(load.p99Ms)} ms`, '99 of 100 answers within'],
    [count(killed.length), 'processes killed and replaced'],
  ].map(
    ([value, name], index) =>
      `<text class="ink big" x="${LEFT + index * 224}" y="66">${value}</text><text class="soft" x="${LEFT + index * 224}" y="86">${name}</text>`,
  );
  const ticks = Array.from({ length: Math.floor(to / 10) + 1 }, (_, index) => index * 10).map(
    (seconds) => `<text class="soft" x="${x(seconds)}" y="${HEIGHT - 22}" text-anchor="middle">${seconds} s</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>A demo run: ${count(ledgerCheck.acknowledged)} registrations acknowledged, ${ledgerCheck.lost} lost</title>`,
    `<style>${STYLE}</style><rect class="ground" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text class="ink name" x="${LEFT}" y="32">npm run demo -- --chaos<tspan class="soft" dx="10" font-weight="400">one campaign, one machine, a minute</tspan></text>`,
    ...figures,
    ...panels,
    across(0, 'open'),
    `<text class="opens" x="${fixed(Number(x(0)) + 5)}" y="${topOf(0) + 12}">opens</text>`,
    ...marks,
    ...ticks,
    `<text class="soft" x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">seconds after opening</text>`,
    '</svg>',
    '',
  ].join('\n');
};
