/**
 * A database that takes 200 rows a second and no more, on a real cluster: records replicas grow, bring nothing, and stop
 * growing; fewer citizens are let in instead, the backlog shrinks, and nothing is lost. Before, the same crowd without the
 * cap must not look saturated; after, when the cap is gone, the door opens again. `--cluster NAME`.
 */
import { Client, escapeIdentifier } from 'pg';
import { eventually } from '../helpers/eventually.ts';
import { observeFor, type Platform, withPlatform } from '../helpers/platform.ts';
import type { Scenario, ScenarioContext } from '../helpers/scenario.ts';
import { startSteadyCrowd } from '../helpers/steady-crowd.ts';

const PER_SECOND = 300;
const ROWS_PER_SECOND = 200;
const CAMPAIGN = {
  intake: { min: 2, max: 4, capacityPerReplica: 400 },
  records: { min: 1, max: 12, capacityPerReplica: 200 },
};
/** Two that bring nothing, one that seems to by chance, and one that was decided before the verdict. */
const MOST_RAISES = 4;
const UNCAPPED_MS = 60_000;
const LIMITED_MS = 60_000;
/** Of the accepted rate over a minute, beside what the database takes. */
const MOST_ACCEPTED = ROWS_PER_SECOND * 1.1;

const withDatabase = async <T>({ stack }: Platform, use: (client: Client) => Promise<T>): Promise<T> => {
  const { postgresUrl, postgresTls: ssl } = stack.ledgerCheck;
  const client = new Client({ connectionString: postgresUrl, ...(ssl === undefined ? {} : { ssl }) });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
};

const schemaOf = async (client: Client): Promise<string> => {
  const { rows } = await client.query<{ schemaname: string }>(
    `SELECT schemaname FROM pg_tables WHERE tablename = 'registration'`,
  );
  if (rows[0] === undefined) throw new Error('the database has no table registration');
  return escapeIdentifier(rows[0].schemaname);
};

/** One row after the other, whoever writes it. */
const cap = (platform: Platform): Promise<void> =>
  withDatabase(platform, async (client) => {
    const schema = await schemaOf(client);
    await client.query(`
      CREATE FUNCTION ${schema}.one_by_one() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_advisory_lock(1);
        PERFORM pg_sleep(${1 / ROWS_PER_SECOND});
        PERFORM pg_advisory_unlock(1);
        RETURN NEW;
      END $$;
      CREATE TRIGGER capped BEFORE INSERT ON ${schema}.registration FOR EACH ROW EXECUTE FUNCTION ${schema}.one_by_one();`);
  });

const uncap = (platform: Platform): Promise<void> =>
  withDatabase(platform, async (client) => {
    await client.query(`DROP TRIGGER capped ON ${await schemaOf(client)}.registration`);
  });

const rowsOf = (platform: Platform): Promise<number> =>
  withDatabase(platform, async (client) => {
    const { rows } = await client.query<{ rows: string }>(
      `SELECT count(*) AS rows FROM ${await schemaOf(client)}.registration`,
    );
    return Number(rows[0]?.rows);
  });

const run = async ({ signal, progress }: ScenarioContext, platform: Platform) => {
  const { stack } = platform;
  const condition = () => stack.snapshot().conditions.find(({ type }) => type === 'DownstreamSaturated');
  const isSaturated = (): boolean => condition()?.status === 'True';
  const records = () => stack.snapshot().tiers.records;
  const startedAtMs = Date.now();
  const timeline: unknown[] = [];
  const crowd = startSteadyCrowd(stack.url, PER_SECOND);
  const seen: { readonly desired: number; readonly backlog: number; readonly isSaturated: boolean }[] = [];
  const watch = async (ms: number, until: () => boolean = () => false): Promise<void> => {
    for (const endMs = Date.now() + ms; Date.now() < endMs && !until(); ) {
      await observeFor(1_000, signal);
      const { desired = 0, limitedBy, backlog = 0 } = records() ?? {};
      const { accepted, came } = crowd.counts;
      seen.push({ desired, backlog, isSaturated: isSaturated() });
      timeline.push({ atMs: Date.now() - startedAtMs, desired, limitedBy, backlog, accepted, came, ...condition() });
    }
  };
  try {
    await watch(UNCAPPED_MS);
    const uncapped = { saturated: seen.some((one) => one.isSaturated), replicas: records()?.desired ?? 0 };
    progress(`without a cap: ${uncapped.replicas} replicas, saturated: ${uncapped.saturated}`);

    await cap(platform);
    const from = seen.length;
    await watch(240_000, isSaturated);
    const growing = seen.slice(from).map(({ desired }) => desired);
    const raises = growing.filter((desired, n) => desired > (growing[n - 1] ?? uncapped.replicas)).length;
    const { reason, message } = condition() ?? {};
    progress(`capped: ${raises} raises to ${records()?.desired}, then ${reason}: ${message}`);
    if (!isSaturated()) throw new Error('DownstreamSaturated did not come');

    // What was on its way when the verdict fell.
    await watch(15_000);
    const [standing, acceptedBefore, at] = [records()?.desired ?? 0, crowd.counts.accepted, seen.length];
    await watch(LIMITED_MS);
    const limited = seen.slice(at);
    const acceptedPerSecond = ((crowd.counts.accepted - acceptedBefore) / LIMITED_MS) * 1000;
    const mostReplicas = Math.max(...limited.map(({ desired }) => desired));
    const backlog = { before: limited[0]?.backlog ?? 0, after: limited.at(-1)?.backlog ?? 0 };
    progress(`limited: ${Math.round(acceptedPerSecond)}/s, backlog ${backlog.before} → ${backlog.after}`);

    await uncap(platform);
    const freeAtMs = Date.now();
    await watch(240_000, () => !isSaturated());
    const recoveredSeconds = isSaturated() ? undefined : Math.round((Date.now() - freeAtMs) / 1000);
    progress(`without the cap again: recovered after ${recoveredSeconds} s`);
    await crowd.stop();
    const { accepted } = crowd.counts;
    const rows = await eventually(
      async () => {
        const found = await rowsOf(platform);
        return found >= accepted ? found : undefined;
      },
      { timeoutMs: 120_000, what: `${accepted} rows`, everyMs: 1_000 },
    );
    return {
      kind: 'ran' as const,
      holds:
        !uncapped.saturated &&
        raises <= MOST_RAISES &&
        mostReplicas <= standing &&
        acceptedPerSecond <= MOST_ACCEPTED &&
        backlog.after <= backlog.before &&
        recoveredSeconds !== undefined &&
        rows >= accepted,
      summary: {
        uncapped,
        raises,
        standing,
        mostReplicas,
        acceptedPerSecond: Math.round(acceptedPerSecond),
        backlog,
        recoveredSeconds,
        accepted,
        rows,
        lost: Math.max(0, accepted - rows),
      },
      raw: { timeline, crowd: crowd.counts },
    };
  } finally {
    await crowd.stop();
  }
};

export const scenario: Scenario = {
  issue: '04',
  run: (context) => withPlatform(context, CAMPAIGN, (platform) => run(context, platform)),
};
