import { Gauge, type Registry } from 'prom-client';

type Samples = Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]>;

/** A gauge whose samples are computed at each scrape; the series of earlier scrapes are removed. */
export const sampledGauge = (
  registry: Registry,
  { name, help, labels = [] }: { readonly name: string; readonly help: string; readonly labels?: readonly string[] },
  samples: () => Samples | Promise<Samples>,
): void => {
  new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect() {
      const found = await samples();
      this.reset();
      for (const [of, value] of found) this.set(of, value);
    },
  });
};
