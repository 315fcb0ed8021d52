/** One screen that answers "is it going well, and if not, what now?": the answer first, then the figures. Pure. */

import { instantMs } from '../../contract/instant.ts';
import { TIERS } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import { closesAtOf } from '../closing.ts';
import { admissionTexts } from '../contingency/contingency-words.ts';
import { issuedText } from '../issuance/issuance-words.ts';
import type { Output } from '../output.ts';
import { askedFor, decidedText, where } from '../plans/plans.ts';
import type { Fault } from '../remedies.ts';
import { ago, clockOf, type Zone, zoneOf } from '../times.ts';
import { count, span as seconds } from '../words.ts';
import { paceText } from './outside-words.ts';
import {
  apart,
  type Column,
  clipped,
  grid,
  hanging,
  type Line,
  line,
  lineWidth,
  padded,
  type Span,
  span,
  type Tone,
  width,
} from './screen.ts';
import { type Point, seriesOf, sparkline } from './sparkline.ts';
import { needs } from './status-needs.ts';
import { curvesOf, type Health, type Report, type Standing, standingOf, tierLines } from './status-report.ts';
import { waitingRoomText } from './waiting-words.ts';

const CURVE_MS = 600_000;
const LABEL = 11;
const CONDITION_TONES: Readonly<Record<Health, Tone>> = {
  ok: 'good',
  attention: 'warn',
  trouble: 'bad',
  unknown: 'warn',
};
/** A sign and a word each, because colour must not be the only sign. */
const SIGNS: Readonly<Record<Health, string>> = { ok: '✓', attention: '!', trouble: '✗', unknown: '?' };

interface Layout {
  readonly columns: number;
  readonly output: Output;
}

/** Narrow terminals get short curves. */
const curveCells = (columns: number): number => (columns >= 110 ? 30 : columns >= 90 ? 20 : 10);

const title = ({ spec }: VoucherCampaign): string => [spec.title['zh-CN'], spec.title.en].join(' · ');

const stageText = ({ campaign, nowMs }: Report, zone: Zone): readonly [string, string] => {
  const { spec, status } = campaign;
  const at = (instant: string): string =>
    `${clockOf(instantMs(instant), zone, nowMs)} (${ago(instantMs(instant), nowMs)})`;
  const closesAt = closesAtOf(campaign);
  const closesAtMs = instantMs(closesAt);
  const isExtended = closesAtMs !== instantMs(spec.window.closesAt);
  const stated = isExtended ? `, extended from ${clockOf(instantMs(spec.window.closesAt), zone, nowMs)}` : '';
  const isDue = instantMs(spec.window.opensAt) <= nowMs;
  const begins =
    status?.openedAt === undefined
      ? `${isDue ? 'was due to open' : 'opens'} ${at(spec.window.opensAt)}`
      : `opened ${at(status.openedAt)}`;
  return [
    status?.stage ?? 'Unseen',
    `${begins}, ${closesAtMs <= nowMs ? 'closed' : 'closes'} ${at(closesAt)}${stated}`,
  ];
};

const several = (number: number, one: string, many: string): string => (number === 1 ? one : `${number} ${many}`);

const answer = ({ campaign, options }: Report, standing: Standing): string => {
  const { health, plans, levels, faults, graveFaults, held, silentForMs } = standing;
  const types = (some: readonly Fault[]): readonly string[] =>
    some.length === 0 ? [] : [some.map(({ condition }) => condition.type).join(', ')];
  const { name, namespace } = campaign.metadata;
  const what = [
    ...(silentForMs === undefined
      ? []
      : [`the operator has reported nothing for ${seconds(silentForMs / 1000)}: is it running?`]),
    ...types(faults.slice(0, graveFaults)),
    ...(plans.length === 0 ? [] : [several(plans.length, 'a plan waits for its owner', 'plans wait for their owners')]),
    ...(levels.length === 0
      ? []
      : [
          `${several(levels.length, 'a contingency level is', 'contingency levels are')} in force: ${levels.map(({ status }) => status.name).join(', ')}`,
        ]),
    ...(held.length === 0 ? [] : [`${held.join(' and ')} ${held.length === 1 ? 'is' : 'are'} held at the ceiling`]),
    ...types(faults.slice(graveFaults)),
  ].join('; ');
  switch (health) {
    case 'ok':
      return 'Healthy: no action needed.';
    case 'attention':
      return `Needs a person: ${what}.`;
    case 'trouble':
      return `Unhealthy: ${what}.`;
    case 'unknown':
      return `No operator has processed it yet: kubectl voucher doctor ${name} ${where(options, namespace)} says why.`;
  }
};

interface Fact {
  readonly label: string;
  readonly value: string;
  readonly curve?: readonly Point[];
  readonly most?: (value: number) => string;
}

const backlogText = ({ backlog, oldestSeconds }: NonNullable<VoucherCampaign['status']>): string => {
  if (backlog === undefined) return 'unknown';
  if (backlog === 0) return 'nothing waits';
  return `${count(backlog)} wait${oldestSeconds === undefined ? '' : `, the oldest for ${seconds(oldestSeconds)}`}`;
};

const limitText = ({ campaign: { spec }, decisions }: Report): string => {
  const lowered = decisions?.records.at(-1)?.admissionPerSecond;
  if (lowered !== undefined) return `${count(lowered)}/s, because a downstream system is the bottleneck`;
  const { admissionPerSecond, burstSeconds } = spec.traffic;
  return admissionPerSecond === undefined
    ? 'the capacity of the ready replicas'
    : `${count(admissionPerSecond)}/s at most, with bursts of ${burstSeconds} s`;
};

const admissionText = (report: Report): string => [limitText(report), ...admissionTexts(report.campaign)].join('; ');

/** `intake 30 until 22:14:09 by li.wei (ScalePlan spring-i30-16rc8)`. */
const grantText = (plan: ScalePlan, zone: Zone, nowMs: number): string => {
  const untilMs = instantMs(plan.spec.decision?.ceilingUntil ?? plan.spec.expiresAt);
  return `${askedFor(plan)} until ${clockOf(untilMs, zone, nowMs)} by ${decidedText(plan)} (ScalePlan ${plan.metadata.name})`;
};

/** `frozen 22:15:03 (5 min ago); dining-50: 3,310 entries, digest 3f9c…`, or what the list waits for. */
const listText = ({ campaign, nowMs }: Report, zone: Zone): string | undefined => {
  const { draw, conditions = [] } = campaign.status ?? {};
  if (draw === undefined) return undefined;
  const { frozenAt, lists = [] } = draw;
  if (frozenAt === undefined) return conditions.find(({ type }) => type === 'ListFrozen')?.message ?? draw.phase;
  const frozen = `frozen ${clockOf(instantMs(frozenAt), zone, nowMs)} (${ago(instantMs(frozenAt), nowMs)})`;
  const each = lists.map(({ voucher, entries, digest }) => `${voucher}: ${count(entries)} entries, digest ${digest}`);
  return [frozen, ...(lists.length === 0 ? ['the list is not made yet'] : each)].join('; ');
};

/** `drawn 22:15:03 (5 min ago); dining-50: 1,000 win, 100 wait`, or what the draw waits for. Undefined: there is none, or no list yet. */
const drawnText = ({ campaign, nowMs }: Report, zone: Zone): string | undefined => {
  const { draw, conditions = [] } = campaign.status ?? {};
  const [committed, drawn] = ['DrawCommitted', 'Drawn'].map((name) => conditions.find(({ type }) => type === name));
  if (draw?.lists === undefined || drawn === undefined) return undefined;
  if (draw.drawnAt === undefined) return committed?.status === 'True' ? drawn.message : committed?.message;
  const at = instantMs(draw.drawnAt);
  const each = (draw.results ?? []).map(
    ({ voucher, winners, waitlisted }) => `${voucher}: ${count(winners)} win, ${count(waitlisted)} wait`,
  );
  return [`drawn ${clockOf(at, zone, nowMs)} (${ago(at, nowMs)})`, ...each].join('; ');
};

const factsOf = (report: Report, { grants }: Standing, zone: Zone): readonly Fact[] => {
  const { status } = report.campaign;
  if (status === undefined) return [];
  const { arrivals, backlog } = curvesOf(report);
  const { arrivalsPerSecond, headroom, counts } = status;
  const list = listText(report, zone);
  const draw = drawnText(report, zone);
  const issued = issuedText(report.campaign);
  return [
    {
      label: 'arrivals',
      value: arrivalsPerSecond === undefined ? 'unknown' : `${count(arrivalsPerSecond)}/s`,
      curve: arrivals,
      most: (value) => `${count(value)}/s`,
    },
    ...(status.waiting === undefined ? [] : [{ label: 'queue', value: waitingRoomText(status.waiting) }]),
    { label: 'backlog', value: backlogText(status), curve: backlog, most: count },
    ...TIERS.flatMap((tier) => {
      const { backlog: waiting = 0, outside } = status.tiers?.[tier] ?? {};
      if (outside === undefined) return [];
      return [{ label: 'providers', value: `${count(waiting)} wait; ${paceText(outside, zone, report.nowMs)}` }];
    }),
    { label: 'admission', value: admissionText(report) },
    ...grants.map((plan) => ({ label: 'granted', value: grantText(plan, zone, report.nowMs) })),
    ...(counts === undefined ? [] : [{ label: 'recorded', value: `${count(counts.received)} registrations` }]),
    ...(list === undefined ? [] : [{ label: 'list', value: list }]),
    ...(draw === undefined ? [] : [{ label: 'draw', value: draw }]),
    ...(issued === undefined ? [] : [{ label: 'issued', value: issued }]),
    ...(headroom === undefined || headroom.desired === 0
      ? []
      : [{ label: 'headroom', value: `${headroom.ready} of ${headroom.desired} placeholders for intake have a node` }]),
  ];
};

const factLines = (report: Report, standing: Standing, zone: Zone, columns: number): readonly Line[] => {
  const facts = factsOf(report, standing, zone);
  const cells = curveCells(columns);
  const values = Math.max(0, ...facts.filter(({ curve }) => curve !== undefined).map(({ value }) => width(value)));
  return facts.flatMap(({ label, value, curve, most }): readonly Line[] => {
    const head: Line = [span(`  ${padded(label, LABEL)}`, 'soft'), span(value, 'strong')];
    if (curve === undefined) return hanging(head.slice(0, 1), value, columns, 'strong');
    const series = seriesOf(curve, report.nowMs, CURVE_MS, cells);
    const highest = Math.max(0, ...series.filter((point) => point !== undefined));
    const tail: Line = [
      span(`${' '.repeat(values - width(value))}   `),
      span(sparkline(series), 'curve'),
      ...(most === undefined || highest === 0 ? [] : [span(`  peak ${most(highest)}`, 'soft')]),
    ];
    return [lineWidth(head) + lineWidth(tail) <= columns ? [...head, ...tail] : head];
  });
};

const tierGrid = (report: Report, zone: Zone, { columns, output }: Layout): readonly Line[] => {
  const lines = tierLines(report);
  const { replicas } = curvesOf(report);
  const isWide = output === 'wide';
  const hasCurves = columns >= 80;
  const titles: readonly Column[] = [
    { title: '  TIER' },
    { title: 'READY', side: 'left' },
    { title: 'DESIRED', side: 'left' },
    { title: 'CEILING', side: 'left' },
    ...(isWide ? [{ title: 'LIMITS' }, { title: 'PER REPLICA' }] : []),
    ...(hasCurves ? [{ title: 'TEN MINUTES' }] : []),
    { title: 'SINCE' },
    { title: 'WHY' },
  ];
  const cells = Math.min(20, curveCells(columns));
  const rows = lines.map(({ tier, status, bounds, sinceMs, reason }): readonly Span[] => {
    const isHeld = status.limitedBy === 'Ceiling' || status.limitedBy === 'Downstream';
    const carries = status.capacityPerReplica;
    return [
      span(`  ${tier}`, 'strong'),
      span(String(status.ready), status.ready < status.desired ? 'warn' : undefined),
      span(String(status.desired)),
      span(String(status.ceiling), isHeld ? 'warn' : undefined),
      ...(isWide
        ? [span(`${bounds.min}..${bounds.max}`), span(carries === undefined ? '-' : `${count(carries)}/s`)]
        : []),
      ...(hasCurves ? [span(sparkline(seriesOf(replicas[tier], report.nowMs, CURVE_MS, cells)), 'curve')] : []),
      span(sinceMs === undefined ? '-' : clockOf(sinceMs, zone, report.nowMs)),
      span(reason),
    ];
  });
  return lines.length === 0 ? [] : [[], ...grid(titles, rows, columns)];
};

const conditionGrid = ({ campaign, nowMs }: Report, zone: Zone, columns: number): readonly Line[] => {
  const conditions = campaign.status?.conditions ?? [];
  const titles = ['  CONDITION', 'STATUS', 'REASON', 'SINCE', 'MESSAGE'].map((text) => ({ title: text }));
  const rows = conditions.map(({ type, status, reason, lastTransitionTime, message }) => [
    span(`  ${type}`),
    span(status),
    span(reason),
    span(clockOf(instantMs(lastTransitionTime), zone, nowMs)),
    span(message),
  ]);
  return rows.length === 0 ? [] : [[], ...grid(titles, rows, columns)];
};

/** @returns lines for people, times in the campaign's own time zone */
export const statusLines = (report: Report, layout: Layout): readonly Line[] => {
  const { campaign, nowMs, options } = report;
  const { columns } = layout;
  const { name, namespace } = campaign.metadata;
  const zone = zoneOf(campaign.spec.window.opensAt);
  const standing = standingOf(report);
  const [stage, when] = stageText(report, zone);
  const clock = `${clockOf(nowMs, zone, nowMs)} UTC${zone.text}`;
  const room = columns - width(name) - width(clock) - 5;
  const context = options.context === undefined ? '' : `, context ${options.context}`;
  const tone = CONDITION_TONES[standing.health];
  return [
    apart([span(name, 'strong'), span(`  ${clipped(title(campaign), room)}`)], [span(clock, 'soft')], columns),
    [span(stage, 'strong'), span(` in namespace ${namespace}${context}`, 'soft')],
    ...hanging([], when, columns),
    [],
    ...hanging([span(`${SIGNS[standing.health]} `, tone)], answer(report, standing), columns, tone),
    ...needs(report, standing, zone, columns),
    ...(campaign.status === undefined ? [] : [line(), ...factLines(report, standing, zone, columns)]),
    ...tierGrid(report, zone, layout),
    ...(layout.output === 'wide' ? conditionGrid(report, zone, columns) : []),
  ];
};
