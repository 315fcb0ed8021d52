import { collectDefaultMetrics, Registry } from 'prom-client';

/** A registry with Node's default metrics of the process. */
export const createProcessRegistry = (): Registry => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
};
