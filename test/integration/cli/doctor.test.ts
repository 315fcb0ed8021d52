/** `kubectl voucher doctor` on a real API server with the chart's policies and a real operator. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NAMESPACE, RELEASE } from '../../chart/render.ts';
import { RBAC } from '../../helpers/chart-rights.ts';
import { eventually } from '../../helpers/eventually.ts';
import { APPS, CORE, campaignBody } from '../../helpers/kube-world.ts';
import { startStrawKubelet } from '../../helpers/straw-kubelet.ts';
import { type OwnWorld, type RunningOperator, startOperator, startWorld } from '../operator/world.ts';
import { bind, installRules, type People, people, roleName } from './people.ts';

const VIEWER = 'sun.li';
/** Has the chart's role for the doctor, in the whole cluster. */
const DOCTOR = 'he.na';
const SYSTEM = 'voucher-system';
const LEASE = 'voucher';

interface Report {
  readonly verdict: string;
  readonly findings: readonly {
    readonly check: string;
    readonly level: string;
    readonly said: string;
    readonly remedy: string | null;
  }[];
}

let world: OwnWorld;
let kubelet: ReturnType<typeof startStrawKubelet>;
let operator: RunningOperator;
let crowd: People;
let namespace = '';

const make = (path: string, body: object): Promise<unknown> => world.plane.call({ method: 'POST', path, body });

/** What a chart's operator looks like; the real one runs beside it and holds the lease of that name. */
const operatorDeployment = (): object => {
  const labels = { 'app.kubernetes.io/name': 'voucher-operator', 'app.kubernetes.io/component': 'operator' };
  return {
    metadata: { name: LEASE, labels },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'operator',
              image: 'voucher-operator:test',
              env: [{ name: 'VOUCHER_OPERATOR_LEASE_NAME', value: LEASE }],
            },
          ],
        },
      },
    },
  };
};

const secret = (name: string, keys: readonly string[]): object => ({
  metadata: { name },
  stringData: Object.fromEntries(keys.map((key) => [key, 'nobody-must-print-this'])),
});

beforeAll(async () => {
  world = await startWorld();
  kubelet = startStrawKubelet(world.plane);
  crowd = await people(world.plane);
  await make(`${CORE}/namespaces`, { metadata: { name: SYSTEM } });
  await installRules(world.plane);
  await make(`${APPS}/namespaces/${SYSTEM}/deployments`, operatorDeployment());
  namespace = await world.createNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  await bind(world.plane, namespace, VIEWER, roleName('viewer'));
  await make(`${RBAC}/clusterrolebindings`, {
    metadata: { name: DOCTOR },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `${NAMESPACE}-${RELEASE}-doctor` },
    subjects: [{ kind: 'User', name: DOCTOR, apiGroup: 'rbac.authorization.k8s.io' }],
  });
  // As admin: the chart gives the lease's rights in its own namespace only.
  operator = await startOperator(world.plane, {
    kubeconfig: world.plane.kubeconfig,
    lease: { namespace: SYSTEM, name: LEASE },
  });
});

afterAll(async () => {
  await operator?.stop();
  await kubelet?.stop();
  await crowd?.stop();
  await world?.plane.stop();
});

const doctor = async (
  args: readonly string[],
  user?: string,
): Promise<Report & { readonly code: number; readonly text: string }> => {
  const { code, out, err } = await crowd.voucher(['doctor', ...args, '-n', namespace, '-o', 'json'], user);
  if (out === '') throw new Error(err);
  return { ...JSON.parse(out), code, text: out };
};
const said = ({ findings }: Report, check: string): readonly string[] =>
  findings.filter((one) => one.check === check).map((one) => `${one.level} ${one.said}`);

describe('kubectl voucher doctor', () => {
  it('examines the cluster before the first campaign', async () => {
    const report = await eventually(
      async () => {
        const seen = await doctor([]);
        const isWell = ([check, least]: readonly [string, number]): boolean =>
          said(seen, check).length >= least && said(seen, check).every((text) => text.startsWith('OK'));
        // Every policy that doctor looks for, of which a release adds some.
        const wanted = { operator: 1, leader: 1, policies: 9, clock: 2 };
        return Object.entries(wanted).every(isWell) && seen;
      },
      { everyMs: 500, what: 'an operator that is there and leads' },
    );
    expect(report.code).toBe(0);
    expect(said(report, 'api-server')).toEqual([expect.stringMatching(/^OK Kubernetes v1\.3\d/)]);
    expect(said(report, 'kinds')).toEqual([
      'OK vouchercampaigns.voucher-operator.io is of this version',
      'OK scaleplans.voucher-operator.io is of this version',
    ]);
    expect(said(report, 'operator')).toEqual(['OK 2 of 2 are ready, voucher-operator:test']);
    expect(said(report, 'clock')).toEqual([
      'OK this machine and the API server agree',
      'OK the operator and the API server agree',
    ]);
    for (const text of said(report, 'policies')) expect(text).toMatch(/^OK voucher-system-vo-\S+ is in force$/);
    expect(said(report, 'campaign')).toEqual([`WARN there is none in namespace ${namespace}`]);
  });

  it('finds what would go wrong on the day, with the command for it, and prints no secret', async () => {
    const scaling = { peakArrivalsPerSecond: 14_000, authorized: { ceilings: { intake: 20, records: 8 } } };
    await world.createCampaign(namespace, await campaignBody('spring', { opensInMs: 7_200_000, spec: { scaling } }));
    await world.ready(namespace, 'spring');
    await make(`${CORE}/namespaces/${namespace}/secrets`, secret('voucher-privacy', ['citizen.key', 'canary.key']));
    const hard = { 'requests.cpu': '2' };
    await make(`${CORE}/namespaces/${namespace}/resourcequotas`, { metadata: { name: 'team' }, spec: { hard } });
    const report = await eventually(
      async () => {
        const seen = await doctor(['spring']);
        const begins = (check: string, text: string): boolean => said(seen, check)[0]?.startsWith(text) ?? false;
        return begins('quota', 'FAIL') && begins('journal', 'OK') && begins('image', 'OK 4 ready pods') && seen;
      },
      { everyMs: 500, what: 'the quota to be counted, and all pods to be ready' },
    );
    expect(report).toMatchObject({ code: 1, verdict: 'FAIL' });
    expect(said(report, 'ceilings')).toEqual([
      expect.stringMatching(/^FAIL intake: 40 replicas are needed for 14,000\/s, but only 20 are authorised at /),
      expect.stringMatching(/^OK records: /),
    ]);
    expect(said(report, 'secrets')).toEqual([
      'FAIL Secret voucher-privacy lacks a wrap-<id>.key',
      ...['intake', 'records', 'draw', 'compare'].map(
        (workload) => `FAIL there is no Secret voucher-data-plane-${workload} in namespace ${namespace}`,
      ),
    ]);
    // There is no node at all here.
    expect(said(report, 'nodes')).toEqual([
      expect.stringMatching(/^FAIL no node has room for 38 pods of intake \(each requests cpu 500m/),
    ]);
    expect(said(report, 'image')).toEqual([expect.stringMatching(/^OK 4 ready pods run /)]);
    expect(said(report, 'pod-security')).toEqual([`OK namespace ${namespace} enforces restricted`]);
    for (const { level, remedy } of report.findings) if (level !== 'OK') expect(remedy).toBeTruthy();
    expect(report.text).not.toContain('nobody-must-print-this');
    expect(report.text).not.toContain(Buffer.from('nobody-must-print-this').toString('base64'));

    // The very command that it prints.
    const command = report.findings.find(({ check, level }) => check === 'ceilings' && level === 'FAIL')?.remedy ?? '';
    const [, , ...args] = command.split(' ');
    expect(await crowd.voucher(args)).toMatchObject({ code: 0 });
    expect(said(await doctor(['spring']), 'ceilings')).toEqual([
      'OK intake: 40 replicas are needed at opening, 40 are authorised',
      expect.stringMatching(/^OK records: /),
    ]);
  });

  it('tells a viewer what it could not see, and who can', async () => {
    const report = await doctor(['spring'], VIEWER);
    const hidden = report.findings.filter(({ said: text }) => text === 'you lack permission to read this');
    expect(hidden.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['kinds', 'operator', 'policies', 'quota', 'nodes']),
    );
    for (const { level, remedy } of hidden) {
      expect(level).toBe('WARN');
      expect(remedy).toMatch(/^ask a user who has it to run: kubectl get /);
    }
    expect(said(report, 'secrets')).toEqual([
      'OK Secret voucher-privacy is mounted by pods that are ready',
      ...['intake', 'records'].map((tier) => `OK Secret voucher-data-plane-${tier} is mounted by pods that are ready`),
    ]);
  });

  it('shows a user with the role for it everything but Secrets', async () => {
    const report = await doctor(['spring'], DOCTOR);
    const hidden = report.findings.filter(({ said: text }) => text === 'you lack permission to read this');
    // The Lease of this operator has another name than the chart's release.
    expect(hidden.map(({ check }) => check)).toEqual(['leader', 'certificates']);
  });

  it('is text with one line a finding, and a sum', async () => {
    const { code, out, err } = await crowd.voucher(['doctor', 'spring', '-n', namespace]);
    expect(code).toBe(1);
    expect(err).toBe('');
    expect(out).toMatch(/^OK {4}api-server +Kubernetes v1/);
    expect(out).toMatch(
      /\nFAIL {2}secrets +Secret voucher-privacy lacks a wrap-<id>.key\n +→ kubectl edit secret voucher-privacy/,
    );
    expect(out).toMatch(/spring in namespace \S+: not ready for opening day: \d+ FAIL, \d+ WARN, \d+ OK\.\n$/);
    expect(await crowd.voucher(['doctor', 'autumn', '-n', namespace])).toMatchObject({ code: 2 });
  });
});
