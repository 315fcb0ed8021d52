/** The providers of a campaign as this pod can ask them: which is next, and how many questions it can ask soon. */
import type { ProviderSpec } from '../../contract/types/verification.ts';
import { chooseNext, type Gains } from '../outside/choose.ts';
import { roomAt, type System } from '../outside/follow.ts';
import type { Desk, Desks } from './part.ts';
import type { IdentityProvider } from './ports.ts';

export type Target = Pick<
  System<Pick<ProviderSpec, 'order' | 'weight'>, IdentityProvider>,
  'spec' | 'client' | 'lane'
> & {
  readonly share: () => number;
};

/**
 * Worked example of `room`: of two providers of order 1 this pod may ask one 12 times a second, and the other one fails: 60.
 *
 * @param current those that the spec states by now
 */
export const createDesks = (current: () => readonly Target[]): Desks => {
  let gains: Gains = new Map();
  return {
    choose(): Desk | undefined {
      const targets = current();
      const choices = targets.map(({ lane, spec: { order, weight } }) => ({
        name: lane.name,
        order,
        weight,
        isBlocked: lane.blocked() !== undefined,
      }));
      const chosen = chooseNext(choices, gains);
      const target = targets.find(({ lane }) => lane.name === chosen?.name);
      if (chosen === undefined || target === undefined) return undefined;
      gains = chosen.gains;
      return { lane: target.lane, provider: target.client };
    },
    room() {
      const open = current().filter(({ lane }) => lane.blocked() === undefined);
      const first = Math.min(...open.map(({ spec }) => spec.order));
      return roomAt(open.reduce((sum, { spec, share }) => sum + (spec.order === first ? share() : 0), 0));
    },
  };
};
