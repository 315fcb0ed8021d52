/** Winners whose place is another person's: an owner let the next of the waiting list move up. Pure. */
import type { Observed } from '../tick/observed.ts';

/** Each promotion names one who falls, and none falls twice (contract/decisions/draw-chain.ts). */
export const replacedIn = ({ draw, previous }: Pick<Observed, 'draw' | 'previous'>): number =>
  draw?.kind === 'known' ? draw.chain.promoted.length : (previous?.draw?.promoted ?? 0);

/** They keep the fact that they won, so counts of winners contain them. Empty: there are none. */
export const replacedText = (replaced: number): string =>
  replaced === 0 ? '' : ` ${replaced} of them ${replaced === 1 ? 'was' : 'were'} replaced from the waiting list.`;
