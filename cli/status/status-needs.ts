/** What needs a person, with commands, on the screen of `kubectl voucher status`. Pure. */
import { instantMs } from '../../contract/instant.ts';
import { closesAtOf } from '../closing.ts';
import { effectText, type LevelInForce, sourceText } from '../contingency/contingency-words.ts';
import { approvalCommand, askedFor, reasonText, where } from '../plans/plans.ts';
import type { Fault } from '../remedies.ts';
import { ago, clockOf, type Zone } from '../times.ts';
import { hanging, type Line, span } from './screen.ts';
import type { Report, Standing } from './status-report.ts';

export const remedyLines = (remedy: string, columns: number): readonly Line[] =>
  hanging([span('    → ', 'accent')], remedy, columns, 'accent');

export const faultLines = (
  { condition, remedy }: Fault,
  zone: Zone,
  nowMs: number,
  columns: number,
): readonly Line[] => {
  const { type, status, reason, lastTransitionTime, message } = condition;
  const sinceMs = instantMs(lastTransitionTime);
  return [
    [
      span('  '),
      span(`${type}=${status} ${reason}`, 'strong'),
      span(` since ${clockOf(sinceMs, zone, nowMs)} (${ago(sinceMs, nowMs)})`, 'soft'),
    ],
    ...hanging([span('    ')], message, columns),
    ...(remedy === undefined ? [] : remedyLines(remedy, columns)),
  ];
};

/** A level in force: who started it and why, its effect and its end. */
const levelLines = (
  { status, level }: LevelInForce,
  { campaign, options, nowMs }: Report,
  zone: Zone,
  columns: number,
): readonly Line[] => {
  const { name, namespace } = campaign.metadata;
  const sinceMs = instantMs(status.since);
  const end = status.until === undefined ? '' : `; it ends at ${clockOf(instantMs(status.until), zone, nowMs)}`;
  const isLate = level?.effect.extendClosing !== undefined && sinceMs >= instantMs(closesAtOf(campaign));
  const effect = level === undefined ? '' : `${effectText(level)}${isLate ? ', but it began after closing' : ''}; `;
  return [
    [
      span('  '),
      span(`Contingency ${status.name}`, 'strong'),
      span(` ${sourceText(status)} since ${clockOf(sinceMs, zone, nowMs)} (${ago(sinceMs, nowMs)})`, 'soft'),
    ],
    ...hanging([span('    ')], `${effect}because ${status.reason}${end}`, columns),
    ...remedyLines(`kubectl voucher contingency stop ${status.name} ${name} ${where(options, namespace)}`, columns),
  ];
};

export const needs = (report: Report, standing: Standing, zone: Zone, columns: number): readonly Line[] => {
  const { campaign, options, nowMs } = report;
  const { name, namespace } = campaign.metadata;
  const plans = standing.plans.flatMap((plan) => {
    const expiresAtMs = instantMs(plan.spec.expiresAt);
    return [
      [span('  '), span(`ScalePlan ${plan.metadata.name}`, 'strong'), span(` ${reasonText(plan)}`, 'soft')],
      ...hanging(
        [span('    ')],
        `It asks for ceilings of ${askedFor(plan)} and waits until ${clockOf(expiresAtMs, zone, nowMs)} (${ago(expiresAtMs, nowMs)}); until then the tiers serve at the ceiling. An owner authorises it with:`,
        columns,
      ),
      ...remedyLines(approvalCommand(plan, options), columns),
    ];
  });
  const levels = standing.levels.flatMap((one) => levelLines(one, report, zone, columns));
  const held = standing.held.flatMap((tier) => [
    [span('  '), span(tier, 'strong'), span(' is held at its ceiling, and no plan asks for more')],
    ...remedyLines(`kubectl voucher authorize ${name} ${where(options, namespace)} --ceiling ${tier}=…`, columns),
  ]);
  const silent =
    standing.silentForMs === undefined
      ? []
      : remedyLines(`kubectl voucher doctor ${name} ${where(options, namespace)}`, columns);
  const faults = (some: readonly Fault[]): readonly Line[] =>
    some.flatMap((fault) => faultLines(fault, zone, nowMs, columns));
  const lines = [
    ...silent,
    ...faults(standing.faults.slice(0, standing.graveFaults)),
    ...plans,
    ...levels,
    ...held,
    ...faults(standing.faults.slice(standing.graveFaults)),
  ];
  return lines.length === 0 ? [] : [[], ...lines];
};
