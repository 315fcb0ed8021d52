/**
 * The dependencies of this process, journal and database, and their states: by its own work and checks, over its own connections,
 * with its own credentials. Checks with other credentials would prove nothing about the campaign.
 */
import type { Registry } from 'prom-client';
import { METRICS } from '../contract/app-contract.ts';
import type { Found } from '../contract/dependency.ts';
import { metric } from '../contract/metrics/metrics.ts';
import { sampledGauge } from '../runtime/metrics.ts';

export interface DependencyFinding extends Found {
  readonly name: string;
}

export type DependencyName = 'journal' | 'database';

export interface Dependencies {
  /** `look` is called at every scrape and must not wait. */
  need(name: DependencyName, look: () => Found): void;
  all(): readonly DependencyFinding[];
}

export const createDependencies = (registry: Registry): Dependencies => {
  const looks = new Map<DependencyName, () => Found>();
  const all = (): readonly DependencyFinding[] => [...looks].map(([name, look]) => ({ name, ...look() }));
  sampledGauge(registry, metric(METRICS.dependency), () =>
    all().map(({ name, state, seconds }) => [{ dependency: name, state }, seconds]),
  );
  return { need: (name, look) => looks.set(name, look), all };
};
