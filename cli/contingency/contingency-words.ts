/** Contingency levels in words. Pure. */
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ContingencyLevel, ContingencyStatus } from '../../contract/types/contingency.ts';

export const levelsOf = ({ spec }: VoucherCampaign): readonly ContingencyLevel[] => spec.contingency?.levels ?? [];

export const statusOfLevel = ({ status }: VoucherCampaign, name: string): ContingencyStatus | undefined =>
  status?.contingency?.find((level) => level.name === name);

export interface LevelInForce {
  readonly status: ContingencyStatus;
  readonly level: ContingencyLevel | undefined;
}

export const levelsInForce = (campaign: VoucherCampaign): readonly LevelInForce[] =>
  (campaign.status?.contingency ?? []).map((status) => ({
    status,
    level: levelsOf(campaign).find(({ name }) => name === status.name),
  }));

/** `at most 500/s admitted`; empty for a level that does not change admission. */
const admissionParts = ({ effect }: ContingencyLevel): readonly string[] => [
  ...(effect.admissionPerSecond === undefined ? [] : [`at most ${effect.admissionPerSecond}/s admitted`]),
  ...(effect.admissionPercent === undefined ? [] : [`admission reduced to ${effect.admissionPercent} %`]),
  ...(effect.staticPage === undefined ? [] : ['no admission, static page']),
];

export const admissionTexts = (campaign: VoucherCampaign): readonly string[] =>
  levelsInForce(campaign).flatMap(({ level }) => {
    const parts = level === undefined ? [] : admissionParts(level);
    return level === undefined || parts.length === 0 ? [] : [`${level.name}: ${parts.join('; ')}`];
  });

/** `at most 500/s admitted; closes 2h later`. */
export const effectText = (level: ContingencyLevel): string =>
  [
    ...admissionParts(level),
    ...(level.effect.extendClosing === undefined ? [] : [`closes ${level.effect.extendClosing} later`]),
    ...(level.effect.deferFreeze === true ? ['defers the freeze of the list'] : []),
    ...(level.effect.pauseIssuance === true ? ['pauses issuance'] : []),
    ...(level.effect.closeQueue === true ? ['no new tickets in the waiting room'] : []),
  ].join('; ');

export const triggerText = ({ trigger }: ContingencyLevel): string => {
  if (trigger === undefined) return 'by command';
  const { signal, atLeast, heldFor } = trigger;
  return `${signal}${atLeast === undefined ? '' : ` ≥ ${atLeast}`} for ${heldFor}`;
};

/** How a level that was triggered ends. */
export const backText = ({ back }: ContingencyLevel): string => {
  switch (back?.when) {
    case 'Clear':
      return back.heldFor === undefined
        ? 'when its metric is clear'
        : `${back.below === undefined ? 'clear' : `below ${back.below}`} for ${back.heldFor}`;
    case 'After':
      return `after ${back.after ?? '?'}`;
    default:
      return 'by command';
  }
};

export const sourceText = ({ by, who }: ContingencyStatus): string =>
  by === 'Trigger' ? 'by its trigger' : `by command${who === undefined ? '' : ` of ${who}`}`;
