/** The providers of a campaign as this pod can ask them: which is next, and how many questions it can ask soon. */
import { chooseNext, type Gains } from '../outside/choose.ts';
import type { Lane } from '../outside/lane.ts';
import type { Desks } from './part.ts';
import type { IdentityProvider } from './ports.ts';

export interface Target {
  readonly lane: Lane;
  readonly provider: IdentityProvider;
  /** Requests per second that this pod may send now. */
  readonly share: () => number;
  readonly order: number;
  readonly weight: number;
}

/** A pod holds what it can ask within this time: a pod that dies repeats little, and others get their part of the backlog. */
const HELD_SECONDS = 5;

/**
 * Worked example of `room`: of two providers of order 1 this pod may ask one 12 times a second, and the other one fails: 60. Rounded up:
 * a share of less than one a second takes something, too.
 */
export const createDesks = (targets: readonly Target[]): Desks => {
  let gains: Gains = new Map();
  return {
    choose() {
      const choices = targets.map(({ lane, order, weight }) => ({
        name: lane.name,
        order,
        weight,
        isBlocked: lane.blocked() !== undefined,
      }));
      const chosen = chooseNext(choices, gains);
      if (chosen === undefined) return undefined;
      gains = chosen.gains;
      return targets.find(({ lane }) => lane.name === chosen.name);
    },
    room() {
      const open = targets.filter(({ lane }) => lane.blocked() === undefined);
      const first = Math.min(...open.map(({ order }) => order));
      const perSecond = open.reduce((sum, { order, share }) => sum + (order === first ? share() : 0), 0);
      return Math.ceil(perSecond * HELD_SECONDS);
    },
  };
};
