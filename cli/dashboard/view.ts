/** Everything that a page shows at one moment, by the names of its parts. Pure. */
import { unreadableText } from '../../contract/readable.ts';
import { unreadableSpec } from '../status/status-unreadable.ts';
import { type ChartData, type ChartName, chartOf, chartsFor, chartTable } from './charts.ts';
import { type Look, say } from './format.ts';
import { type Frame, isStale } from './frame.ts';
import type { Point } from './history.ts';
import { html } from './html.ts';
import { modelOf } from './model.ts';
import { sectionsOf } from './sections.ts';

export interface View {
  /** Which charts the page has: with others it must be loaded again. */
  readonly shape: string;
  readonly charts: readonly ChartName[];
  /** Seconds to add to UTC for the axis of time. */
  readonly offsetSeconds: number;
  /** Id of an element → its content. */
  readonly parts: Readonly<Record<string, string>>;
  readonly data: readonly ChartData[];
}

const unreadableView = ({ report: { campaign } }: Frame, look: Look): View | undefined => {
  const fields = unreadableSpec(campaign);
  if (fields === undefined) return undefined;
  const { name, namespace } = campaign.metadata;
  const parts = {
    head: html`<h1>${name}</h1><p class="where"><span class="name">${namespace}/${name}</span></p>`.text,
    health:
      html`<p class="health health-trouble"><span class="sign" aria-hidden="true">✕</span> <span>${say(look, 'unreadable')}</span></p>`
        .text,
    needs:
      html`<article class="need need-bad"><h3>SpecUnreadable</h3><p lang="en">${unreadableText(fields)}</p></article>`
        .text,
  };
  return { shape: 'unreadable', charts: [], offsetSeconds: 0, parts, data: [] };
};

export const viewOf = (frame: Frame, points: readonly Point[], look: Look): View => {
  const unreadable = unreadableView(frame, look);
  if (unreadable !== undefined) return unreadable;
  const { source, report, citizens } = frame;
  // Of an old state nothing is said about the time since: the operator is not silent because this process hears nothing.
  const ageMs = source.kind === 'live' && isStale(source) ? source.ageMs : 0;
  const model = modelOf({ ...report, nowMs: report.nowMs - ageMs }, points, citizens);
  const charts = chartsFor(model, look);
  const sections = Object.entries(sectionsOf(model, source, look, report.nowMs)).map(([name, { text }]) => [
    name,
    text,
  ]);
  const tables = charts.map((name) => [`table-${name}`, chartTable(name, model, look).text]);
  return {
    shape: charts.join(' '),
    charts,
    offsetSeconds: model.zone.offsetMs / 1000,
    parts: Object.fromEntries([...sections, ...tables]),
    data: charts.map((name) => chartOf(name, points, look)),
  };
};

/** What a page that has `before` must be sent; undefined: nothing. */
export interface Update {
  readonly shape: string;
  readonly parts?: Readonly<Record<string, string>>;
  readonly data?: readonly ChartData[];
}

/** Data is compared by its last column and its length: older points do not change, but for a gap that was filled. */
const dataKey = (view: View): string =>
  JSON.stringify(view.data.map(({ data }) => [data[0]?.length, data.map((row) => row.at(-1)), data[0]?.[0]]));

export const updateOf = (before: View | undefined, now: View): Update | undefined => {
  const changed = Object.entries(now.parts).filter(([name, text]) => before?.parts[name] !== text);
  const isNewData = before === undefined || dataKey(before) !== dataKey(now);
  if (changed.length === 0 && !isNewData && before?.shape === now.shape) return undefined;
  return {
    shape: now.shape,
    ...(changed.length === 0 ? {} : { parts: Object.fromEntries(changed) }),
    ...(isNewData ? { data: now.data } : {}),
  };
};
