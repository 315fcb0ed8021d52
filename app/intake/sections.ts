/** What the intake needs of other tiers' sections of the spec, as the live settings carry them. Pure. */
import { z } from 'zod';
import type { LiveSettings } from '../../contract/app-contract.ts';
import { CHANNELS, type Channel } from '../../contract/envelope.ts';

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
