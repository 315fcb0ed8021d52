/**
 * What this process needs, journal and database, and how it finds it: by its own work and its own checks, over its own
 * connections, with its own credentials. Who judges a campaign's health by other credentials sees another campaign.
 */

import { Gauge, type Registry } from 'prom-client';
import { METRICS } from '../contract/app-contract.ts';
import type { Found } from '../contract/dependency.ts';

export interface DependencyFinding extends Found {
  readonly name: string;
}

export type DependencyName = 'journal' | 'database';

export interface Dependencies {
  /** From now on `look` is asked at every scrape: it says what is known, and waits for nothing. */
  need(name: DependencyName, look: () => Found): void;
  all(): readonly DependencyFinding[];
}

export const createDependencies = (registry: Registry): Dependencies => {
  const looks = new Map<DependencyName, () => Found>();
  const all = (): readonly DependencyFinding[] => [...looks].map(([name, look]) => ({ name, ...look() }));
  new Gauge({
    name: METRICS.dependency,
    help: 'What this process finds with its own credentials: one state for each dependency, and for how many seconds.',
    labelNames: ['dependency', 'state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name, state, seconds } of all()) this.set({ dependency: name, state }, seconds);
    },
  });
  return {
    need: (name, look) => looks.set(name, look),
    all,
  };
};
