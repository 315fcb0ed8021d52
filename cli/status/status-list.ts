/** Several campaigns, a line each: which one needs a person. Pure. */

import { instantMs } from '../../contract/instant.ts';
import { TIERS, type Tier, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import { closesAtOf } from '../closing.ts';
import type { Output } from '../output.ts';
import { ago, zoneOf } from '../times.ts';
import { count, listed, span as seconds } from '../words.ts';
import { type Column, grid, type Line, line, type Span, span, type Tone } from './screen.ts';
import { type Health, type Report, standingOf } from './status-report.ts';
import { unreadableSpec } from './status-unreadable.ts';

const TONES: Readonly<Record<Health, Tone>> = { ok: 'good', attention: 'warn', trouble: 'bad', unknown: 'warn' };
/** Those that need a person come first. */
const ORDER: readonly Health[] = ['trouble', 'attention', 'unknown', 'ok'];

const healthOf = (report: Report): Health =>
  unreadableSpec(report.campaign) === undefined ? standingOf(report).health : 'trouble';

const specOf = ({ campaign }: Report): VoucherCampaignSpec | undefined =>
  unreadableSpec(campaign) === undefined ? campaign.spec : undefined;

const needsOf = (report: Report): Span => {
  const unreadable = unreadableSpec(report.campaign);
  if (unreadable !== undefined) {
    return span(`✗ correct ${unreadable.map(({ path }) => path).join(', ')}`, TONES.trouble);
  }
  const { health, plans, levels, faults, graveFaults, held, silentForMs } = standingOf(report);
  if (health === 'unknown') return span('? not processed by an operator yet', TONES[health]);
  const what = [
    ...(silentForMs === undefined ? [] : ['no news from the operator']),
    ...faults.slice(0, graveFaults).map(({ condition }) => condition.type),
    ...plans.map(({ metadata }) => `plan ${metadata.name} waits`),
    ...levels.map(({ status }) => `level ${status.name} in force`),
    ...held.map((tier) => `${tier} held at the ceiling`),
    ...faults.slice(graveFaults).map(({ condition }) => condition.type),
  ];
  const sign = { ok: '✓ nothing', attention: '! ', trouble: '✗ ' }[health];
  return span(`${sign}${what.join(', ')}`, TONES[health]);
};

const calendar = (report: Report): string => {
  const { campaign, nowMs } = report;
  const spec = specOf(report);
  if (spec === undefined) return 'can’t be read';
  const [opensAtMs, closesAtMs] = [instantMs(spec.window.opensAt), instantMs(closesAtOf(campaign))];
  if (nowMs < opensAtMs) return `opens ${ago(opensAtMs, nowMs)}`;
  return nowMs < closesAtMs ? `closes ${ago(closesAtMs, nowMs)}` : `closed ${ago(closesAtMs, nowMs)}`;
};

const opening = (report: Report): string => specOf(report)?.window.opensAt ?? '';

const tierText = ({ campaign: { status } }: Report, tier: Tier): string => {
  const seen = status?.tiers?.[tier];
  return seen === undefined ? '-' : `${seen.ready}/${seen.desired}/${seen.ceiling}`;
};

const known = (value: number | undefined, text: (value: number) => string): string =>
  value === undefined ? '-' : text(value);

/** @param hasNamespaces shows them beside the names */
export const listLines = (
  reports: readonly Report[],
  { columns, output, hasNamespaces }: { columns: number; output: Output; hasNamespaces: boolean },
): readonly Line[] => {
  if (reports.length === 0) return [line('There is no campaign.')];
  const isWide = output === 'wide';
  const tiers = TIERS.filter((tier) => reports.some((report) => tiersOf(specOf(report) ?? {}).includes(tier)));
  const titles: readonly Column[] = [
    ...(hasNamespaces ? [{ title: 'NAMESPACE' }] : []),
    { title: 'NAME' },
    { title: 'STAGE' },
    { title: 'WINDOW' },
    { title: 'RATE/S', side: 'left' },
    { title: 'BACKLOG', side: 'left' },
    { title: 'WAIT', side: 'left' },
    ...tiers.map((tier) => ({ title: tier.toUpperCase() })),
    ...(isWide ? [{ title: 'RECORDED', side: 'left' as const }, { title: 'TITLE' }] : []),
    { title: 'NEEDS' },
  ];
  const sorted = reports.toSorted((a, b) => {
    const [first, second] = [ORDER.indexOf(healthOf(a)), ORDER.indexOf(healthOf(b))];
    return first - second || opening(a).localeCompare(opening(b));
  });
  const rows = sorted.map((report): readonly Span[] => {
    const { metadata, status } = report.campaign;
    return [
      ...(hasNamespaces ? [span(metadata.namespace)] : []),
      span(metadata.name, 'strong'),
      span(status?.stage ?? '-'),
      span(calendar(report)),
      span(known(status?.arrivalsPerSecond, count)),
      span(known(status?.backlog, count)),
      span(known(status?.oldestSeconds, seconds)),
      ...tiers.map((tier) => span(tierText(report, tier))),
      ...(isWide ? [span(known(status?.counts?.received, count)), span(specOf(report)?.title['zh-CN'] ?? '-')] : []),
      needsOf(report),
    ];
  });
  const zones = new Set(
    reports.flatMap((report) => specOf(report) ?? []).map(({ window }) => zoneOf(window.opensAt).text),
  );
  return [
    ...grid(titles, rows, columns),
    line(),
    line(
      `${listed(tiers.map((tier) => tier.toUpperCase()))} are ready/desired/ceiling. One in full: kubectl voucher status NAME${zones.size > 1 ? '; each has its own time zone' : ''}`,
      'soft',
    ),
  ];
};
