/**
 * A platform team's first week with the chart on a real cluster: versions, quotas and taints that stop nothing, and
 * upgrades that would harm what lives, refused. One story: each step needs the last.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../helpers/eventually.ts';
import {
  CHART,
  campaignManifest,
  EXTERNAL_VALUES,
  type Installation,
  newInstallation,
  RELEASE,
  values,
} from './installation.ts';

let installation: Installation;
let folder: string;
/** Labels that a version with build metadata would once have made invalid. */
let charts: { readonly first: string; readonly second: string };

const CAMPAIGN_ID = 'harm-2027';
const TOLERANT = { tolerations: [{ key: 'dedicated', operator: 'Exists' }] };
const limited = { requests: { cpu: '20m', memory: '64Mi' }, limits: { cpu: '2', memory: '512Mi' } };

/** Every node is tainted, and a quota counts CPU limits: the values say so, and nothing else. */
const given = (campaigns: readonly object[], nats: object = {}, changes: object = {}): object => {
  const base = values([]) as {
    readonly dataPlane: { readonly embedded: { readonly nats: object; readonly postgres: object } };
  };
  const { embedded } = base.dataPlane;
  return {
    ...base,
    operator: { ...TOLERANT, resources: limited },
    app: { ...(base as { readonly app?: object }).app, ...TOLERANT },
    dataPlane: {
      embedded: {
        ...embedded,
        ...TOLERANT,
        nats: { ...embedded.nats, resources: limited, ...nats },
        postgres: { ...embedded.postgres, resources: limited },
        campaigns,
      },
    },
    ...changes,
  };
};
const own = () => ({ campaignId: CAMPAIGN_ID, namespace: installation.vouchers.name });

const packaged = async (version: string): Promise<string> => {
  const chart = join(folder, version);
  await cp(CHART, chart, { recursive: true });
  const text = await readFile(join(chart, 'Chart.yaml'), 'utf8');
  await writeFile(join(chart, 'Chart.yaml'), text.replace(/^((?:app)?[vV]ersion): .*$/gm, `$1: "${version}"`));
  return chart;
};
/** What Helm said about it. */
const refusal = (attempt: Promise<string>): Promise<string> =>
  attempt.then(
    () => 'it was not refused',
    (error: Error) => error.message,
  );
const revisions = async (): Promise<readonly string[]> =>
  (JSON.parse(await installation.helm('history', RELEASE, '-o', 'json')) as readonly { readonly status: string }[]).map(
    ({ status }) => status,
  );
const runningPods = (): Promise<string> =>
  installation.system.kubectl(
    ...['get', 'pods', '-l', 'app.kubernetes.io/component in (operator,nats,postgres)'],
    '-o=jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {..restartCount}{"\\n"}{end}',
  );

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chart-harm-'));
  charts = { first: await packaged('0.1.0+9f3c2a1'), second: await packaged('0.1.1') };
  installation = await newInstallation();
  await installation.system.kubectl('create', 'quota', 'limits', '--hard=limits.cpu=40');
  await installation.cluster.kubectl(['taint', 'nodes', '--all', 'dedicated=vouchers:NoSchedule', '--overwrite']);
}, 1_200_000);
afterAll(async () => {
  await installation?.cluster.kubectl(['taint', 'nodes', '--all', 'dedicated-']).catch(() => undefined);
  await installation?.remove();
  await rm(folder, { recursive: true, force: true });
});

describe('a hook that can’t run', () => {
  it('says at once what refused it', async () => {
    const without = { setup: { resources: { limits: { cpu: null } } } };
    const said = await refusal(installation.upgrade(given([], {}, without), ['--timeout', '1m'], charts.first));
    expect(said).toMatch(/vo-setup-secrets.*failed quota: limits: must specify limits\.cpu/s);
  }, 120_000);

  it('stays where its image is not there, with its name in the error', async () => {
    const said = await refusal(
      installation.upgrade(given([], {}, { image: { tag: 'nosuch' } }), ['--timeout', '20s'], charts.first),
    );
    expect(said).toMatch(/Pod\/.*vo-setup-secrets not ready/);
    const reason = 'jsonpath={.status.containerStatuses[0].state.waiting.reason}';
    await eventually(
      async () => (await installation.system.kubectl('get', 'pod', 'vo-setup-secrets', '-o', reason)).includes('Image'),
      { what: 'the pod to say that its image is not there', everyMs: 500 },
    );
  }, 120_000);
});

describe('a chart with build metadata in its version', () => {
  it('is installed on tainted nodes, under a quota on CPU limits', async () => {
    const flags = ['--wait', '--timeout', '5m'];
    await installation.upgrade(given([]), flags, charts.first);
    await installation.upgrade(given([own()]), flags, charts.first);
    const { vouchers, cluster } = installation;
    await cluster.kubectl(['-n', vouchers.name, 'apply', '-f', '-'], { input: await campaignManifest(CAMPAIGN_ID) });
    await vouchers.kubectl('wait', `vcamp/${CAMPAIGN_ID}`, '--for=condition=Ready', '--timeout=180s');
  }, 900_000);

  it('is followed by another one with the same image, which restarts nothing', async () => {
    const before = await runningPods();
    await installation.upgrade(given([own()]), ['--wait', '--timeout', '5m'], charts.second);
    expect(await runningPods()).toBe(before);
  }, 400_000);
});

describe('a change that would harm a campaign that lives', () => {
  it.each<[string, () => object, RegExp]>([
    ['without its account', () => given([]), /lacks harm-2027, but VoucherCampaign .*\/harm-2027 uses its accounts/],
    ['to another number of shards', () => given([own()], {}, { app: { shards: 5 } }), /app\.shards: is 5/],
    [
      'in which another campaign asks for its Secret',
      () =>
        given([
          { ...own(), dataPlaneSecretName: 'other', privacySecretName: 'keys' },
          { ...own(), campaignId: 'b' },
        ]),
      /b requests Secret .*\/voucher-data-plane, which VoucherCampaign .*\/harm-2027 uses/,
    ],
    ['with larger volumes', () => given([own()], { storage: '2Gi' }), /nats\.storage: is 2Gi, .* have 1Gi/],
    ['to an external data plane', () => ({ ...values([]), ...EXTERNAL_VALUES }), /lacks harm-2027/],
  ])(
    '%s is refused before a release is begun',
    async (_, changed, message) => {
      const before = await revisions();
      expect(await refusal(installation.upgrade(changed(), ['--timeout', '1m']))).toMatch(message);
      expect(await revisions()).toEqual(before);
    },
    120_000,
  );

  it('by a rollback, which renders nothing, is refused by the set-up pod', async () => {
    const accounts = () =>
      installation.system.kubectl('get', 'cm', `${RELEASE}-nats-accounts`, '-o', 'jsonpath={.data}');
    const before = await accounts();
    const history = JSON.parse(await installation.helm('history', RELEASE, '-o', 'json')) as readonly {
      readonly revision: number;
      readonly status: string;
      readonly description: string;
    }[];
    // The first that went well, before the campaign was named.
    const without = history.find(({ description }) => description.endsWith('complete'))?.revision;
    const deployed = history.find(({ status }) => status === 'deployed')?.revision;
    const said = await refusal(installation.helm('rollback', RELEASE, String(without), '--timeout', '2m'));
    expect(said).toMatch(/setup: dataPlane\.embedded\.campaigns: lacks harm-2027/);
    expect(await accounts()).toBe(before);
    // Helm waits for the rollback's end until it is told to go back to what is there.
    await installation.helm('rollback', RELEASE, String(deployed), '--wait', '--timeout', '2m');
    await installation.vouchers.kubectl('wait', `vcamp/${CAMPAIGN_ID}`, '--for=condition=Ready', '--timeout=120s');
  }, 420_000);
});

describe('larger volumes', () => {
  it('come as documented, and restart no server', async () => {
    const { system, cluster } = installation;
    const before = await runningPods();
    const classes = JSON.parse(await cluster.kubectl(['get', 'storageclass', '-o', 'json']));
    const [{ metadata }] = classes.items;
    const allow = (allowVolumeExpansion: boolean) =>
      cluster.kubectl(['patch', 'storageclass', metadata.name, '-p', JSON.stringify({ allowVolumeExpansion })]);
    await allow(true);
    try {
      const grown = JSON.stringify({ spec: { resources: { requests: { storage: '2Gi' } } } });
      for (const index of [0, 1, 2]) await system.kubectl('patch', 'pvc', `data-${RELEASE}-nats-${index}`, '-p', grown);
    } finally {
      await allow(false);
    }
    await system.kubectl('delete', 'statefulset', `${RELEASE}-nats`, '--cascade=orphan');
    // Not waiting for claims: nothing in this cluster grows them.
    await installation.upgrade(given([own()], { storage: '2Gi' }), ['--wait', '--timeout', '5m'], charts.second);
    expect(await runningPods()).toBe(before);
    const path = 'jsonpath={.spec.volumeClaimTemplates[0].spec.resources.requests.storage}';
    expect(await system.kubectl('get', 'statefulset', `${RELEASE}-nats`, '-o', path)).toBe('2Gi');
  }, 400_000);
});

describe('after an uninstallation', () => {
  const another = (...flags: readonly string[]): Promise<string> =>
    installation.cluster.helm(
      [
        ...['install', 'another', CHART, '--namespace', installation.system.name, '--values', '-', ...flags],
        ...['--timeout', '1m'],
      ],
      { input: JSON.stringify({ ...EXTERNAL_VALUES, operator: { replicas: 0 } }) },
    );

  it('a campaign with deletionPolicy Delete is held by its finalizer until it is given up', async () => {
    const { vouchers } = installation;
    await vouchers.kubectl('patch', 'vcamp', CAMPAIGN_ID, '--type=merge', '-p', '{"spec":{"deletionPolicy":"Delete"}}');
    await vouchers.kubectl(
      ...['wait', `vcamp/${CAMPAIGN_ID}`, '--for=jsonpath={.metadata.finalizers[0]}=voucher-operator.io/journal'],
      '--timeout=120s',
    );
    await installation.helm('uninstall', RELEASE, '--wait', '--timeout', '3m');
    await vouchers.kubectl('delete', 'vcamp', CAMPAIGN_ID, '--wait=false');
    expect(await vouchers.kubectl('get', 'vcamp', '-o', 'name')).toContain(CAMPAIGN_ID);
    await vouchers.kubectl('patch', 'vcamp', CAMPAIGN_ID, '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
    await vouchers.kubectl('wait', `vcamp/${CAMPAIGN_ID}`, '--for=delete', '--timeout=120s');
  }, 500_000);

  it('another name takes the kinds over by the documented command, and not without', async () => {
    expect(await refusal(another())).toMatch(
      /CustomResourceDefinition .* cannot be imported|invalid ownership metadata/,
    );
    await installation.helm('uninstall', 'another', '--ignore-not-found');
    await another('--take-ownership');
    await installation.helm('uninstall', 'another');
  }, 300_000);
});
