/** Registers metrics that are described elsewhere. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

interface Described<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
  readonly buckets?: readonly number[];
}

const configured = <L extends string>(registry: Registry, { name, help, labels }: Described<L>) => ({
  name,
  help,
  labelNames: [...labels],
  registers: [registry],
});

/** @param collect called at each scrape */
export const counter = <L extends string>(registry: Registry, of: Described<L>, collect?: (it: Counter<L>) => void) => {
  const made: Counter<L> = new Counter<L>({
    ...configured(registry, of),
    ...(collect === undefined ? {} : { collect: () => collect(made) }),
  });
  return made;
};

export const gauge = <L extends string>(registry: Registry, of: Described<L>) => new Gauge<L>(configured(registry, of));

export const histogram = <L extends string>(registry: Registry, of: Described<L>) =>
  new Histogram<L>({ ...configured(registry, of), buckets: [...(of.buckets ?? [])] });

/** For parts of one process that share a metric: the first one registers it. */
export const shared = <L extends string, M extends Counter<L> | Histogram<L>>(
  registry: Registry,
  of: Described<L>,
  make: (registry: Registry, of: Described<L>) => M,
): M =>
  // Registered under this name by the same `make`.
  (registry.getSingleMetric(of.name) as M | undefined) ?? make(registry, of);

export type Samples<L extends string = string> = Iterable<
  readonly [labels: Readonly<Partial<Record<L, string>>>, value: number]
>;

/** A gauge whose samples are computed at each scrape; the series of earlier scrapes are removed. */
export const sampledGauge = <L extends string>(
  registry: Registry,
  of: Described<L>,
  samples: () => Samples<L> | Promise<Samples<L>>,
): void => {
  new Gauge<L>({
    ...configured(registry, of),
    async collect() {
      const found = [...(await samples())];
      this.reset();
      // Without labels, `reset` leaves a zero: what is unknown would look like nothing.
      if (found.length === 0 && of.labels.length === 0) this.remove();
      for (const [labels, value] of found) this.set(labels as Record<L, string>, value);
    },
  });
};

/** A registry with Node's default metrics of the process. */
export const createProcessRegistry = (): Registry => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
};
