/** Channels that are not asked although they could be: by a person's command, or because a stock differs from the spec. Pure. */
import type { Channel } from '../../contract/envelope.ts';
import type { TargetShares } from '../../contract/outside.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { Observed } from '../tick/observed.ts';
import { issuanceCommandsOf } from './commands.ts';
import { issuanceStartedAt, stockComparison } from './issuance-request.ts';

/** Reasons in TargetShares.stopped. No pod probes such a channel: a probe is a voucher. */
export const HALT_REASONS = ['command', 'SettingsDiffer'] as const;
export type HaltReason = (typeof HALT_REASONS)[number];

export interface Halt {
  readonly reason: HaltReason;
  /** For people. */
  readonly text: string;
  /** Of a command: who gave it. */
  readonly by?: string;
}

export const haltIn = (stopped: TargetShares['stopped']): HaltReason | undefined =>
  HALT_REASONS.find((reason) => reason === stopped?.reason);

type Seen = Pick<Observed, 'draw' | 'issuance' | 'outside' | 'previous'>;

/**
 * Rows are tried from the top. Before the start no channel is asked for a voucher, and pods may read stocks.
 *
 * | a person stopped it | started | stock               | was stopped for its stock | halt           |
 * |---------------------|---------|---------------------|---------------------------|----------------|
 * | yes                 | any     | any                 | any                       | command        |
 * | no                  | no      | any                 | any                       | none           |
 * | no                  | yes     | differs             | any                       | SettingsDiffer |
 * | no                  | yes     | not known           | yes                       | SettingsDiffer |
 * | no                  | yes     | not known           | no                        | none           |
 * | no                  | yes     | equals the spec     | any                       | none           |
 */
export const haltsOf = (campaign: VoucherCampaign, observed: Seen, nowMs: number): ReadonlyMap<Channel, Halt> => {
  const halts = new Map<Channel, Halt>();
  const { spec } = campaign;
  if (spec.issuance === undefined) return halts;
  const { stops } = issuanceCommandsOf(campaign);
  const isStarted = issuanceStartedAt(observed) !== undefined;
  const { differences, unknown } = stockComparison(spec, observed, nowMs);
  const stored = observed.outside?.known('issuance').inForce?.value.targets ?? {};
  for (const { name } of spec.issuance.channels) {
    const stop = stops.get(name);
    const texts = differences.filter(({ channel }) => channel === name).map(({ text }) => text);
    if (stop !== undefined) {
      const { by, reason } = stop;
      halts.set(name, { reason: 'command', text: reason, ...(by === undefined ? {} : { by }) });
    } else if (isStarted && texts.length > 0) {
      halts.set(name, { reason: 'SettingsDiffer', text: texts.join(' ') });
    } else if (isStarted && unknown.includes(name) && haltIn(stored[name]?.stopped) === 'SettingsDiffer') {
      halts.set(name, { reason: 'SettingsDiffer', text: `${name}: a stock differed, and it is not known now.` });
    }
  }
  return halts;
};
