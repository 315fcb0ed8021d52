/**
 * Shadow for ten minutes on a real cluster, with a crowd that needs more than there is: the operator says what it would do,
 * and the API server's audit log has no write of it to a Deployment or its scale. Then mode Auto, seen through the same
 * eyes: it must be found, or they are blind. `--minutes N`, `--cluster NAME`.
 */
import { parseArgs } from 'node:util';
import { type AuditEntry, readAuditLog } from '../helpers/audit-log.ts';
import { eventually } from '../helpers/eventually.ts';
import { CAMPAIGN_NAMESPACE, OPERATOR_USER, observeFor, type Platform, withPlatform } from '../helpers/platform.ts';
import type { Scenario, ScenarioContext } from '../helpers/scenario.ts';
import { startSteadyCrowd } from '../helpers/steady-crowd.ts';

const PER_SECOND = 60;
const CAMPAIGN = { intake: { min: 1, max: 6, capacityPerReplica: 20 } };

const modeOf = (mode: 'Shadow' | 'Auto'): readonly string[] => [
  ...['patch', 'vcamp', 'test', '--type=merge', '-p', JSON.stringify({ spec: { scaling: { mode } } })],
];

const run = async ({ args, signal, progress }: ScenarioContext, platform: Platform) => {
  const { values } = parseArgs({ args: [...args], options: { minutes: { type: 'string' } }, strict: false });
  const minutes = Number(values['minutes'] ?? 10);
  const { kubectl, cluster, stack } = platform;
  await kubectl(...modeOf('Shadow'));
  const intake = () => stack.snapshot().tiers.intake;
  const replicas = async (): Promise<string> =>
    kubectl('get', 'deployment', 'test-intake', '-o', 'jsonpath={.spec.replicas}');
  const crowd = startSteadyCrowd(stack.url, PER_SECOND);
  const writesSince = async (sinceMs: number): Promise<readonly AuditEntry[]> =>
    (await readAuditLog(cluster.auditLogPath)).filter(
      ({ user, resource, namespace, atMs }) =>
        user === OPERATOR_USER &&
        namespace === CAMPAIGN_NAMESPACE &&
        resource.startsWith('deployments') &&
        atMs > sinceMs,
    );
  try {
    const standing = await replicas();
    await eventually(() => (intake()?.desired ?? 0) >= 4, { timeoutMs: 60_000, what: 'a wish for 4 replicas' });
    const sinceMs = Date.now();
    progress(`${standing} replicas, ${intake()?.desired} wished for; looking on for ${minutes} minutes`);
    await observeFor(minutes * 60_000, signal);
    const [inShadow, wished, after] = [await writesSince(sinceMs), intake()?.desired, await replicas()];
    progress(`${inShadow.length} writes to Deployments, ${after} replicas, ${wished} wished for`);

    const autoSinceMs = Date.now();
    await kubectl(...modeOf('Auto'));
    await eventually(async () => Number(await replicas()) >= 4, { timeoutMs: 60_000, what: 'replicas under Auto' });
    const underAuto = await eventually(
      async () => {
        const writes = await writesSince(autoSinceMs);
        return writes.length > 0 ? writes : undefined;
      },
      { what: 'a write in the audit log' },
    );
    await crowd.stop();
    return {
      kind: 'ran' as const,
      holds: inShadow.length === 0 && after === standing && (wished ?? 0) >= 4,
      summary: { minutes, standing, after, wished, writesInShadow: inShadow.length, writesUnderAuto: underAuto.length },
      raw: { inShadow, underAuto, crowd: crowd.counts },
    };
  } finally {
    await crowd.stop();
  }
};

export const scenario: Scenario = {
  issue: '04',
  run: (context) => withPlatform(context, CAMPAIGN, (platform) => run(context, platform)),
};
