/** What the intake needs of other tiers' sections of the spec, as the live settings carry them. Pure. */
import { z } from 'zod';
import type { LiveSettings } from '../../contract/app-contract.ts';
import { CHANNELS, type Channel } from '../../contract/envelope.ts';
import type { Fact } from '../core/projection.ts';

/** Unknown fields and channels are ignored: pods must accept the settings of a newer operator. */
const issuance = z.object({
  bindBy: z.string().exactOptional(),
  channels: z.array(z.object({ name: z.string() })),
});

const issuanceIn = ({ sections = {} }: LiveSettings) => issuance.safeParse(sections['issuance']).data;

/** The channels that citizens can choose: those of `spec.issuance`, or all where nothing is issued. */
export const offeredChannels = (settings: LiveSettings): readonly Channel[] => {
  const section = issuanceIn(settings);
  return section === undefined
    ? CHANNELS
    : CHANNELS.filter((channel) => section.channels.some(({ name }) => name === channel));
};

/** Until when winners can bind accounts, and choose another channel after a failure. Undefined: nothing is issued. */
export const bindableUntilMs = (settings: LiveSettings): number | undefined => {
  const section = issuanceIn(settings);
  if (section === undefined) return undefined;
  return section.bindBy === undefined ? Number.POSITIVE_INFINITY : Date.parse(section.bindBy);
};

/**
 * The same of one receipt. Those who moved up have their place since a time that `bindBy` does not know, so it does not apply to them.
 *
 * | facts of the receipt | until |
 * |----------------------|-------|
 * | lost: it was replaced | never: its place is another person's |
 * | promoted             | personal data is destroyed |
 * | any other            | `bindBy`, or personal data is destroyed |
 */
export const receiptBindableUntilMs = (settings: LiveSettings, facts: readonly Pick<Fact, 'type'>[]): number => {
  const has = (type: Fact['type']): boolean => facts.some((fact) => fact.type === type);
  const untilMs = bindableUntilMs(settings);
  if (untilMs === undefined || has('lost')) return 0;
  return has('promoted') ? Number.POSITIVE_INFINITY : untilMs;
};
