/** `kubectl voucher status` and `why` as people call them, on a real API server with a real operator. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureBinary, KUBE } from '../../../tools/cluster/binaries.ts';
import { eventually } from '../../helpers/eventually.ts';
import { CORE, campaignBody, GROUP } from '../../helpers/kube-world.ts';
import { runVoucher } from '../../helpers/run-voucher.ts';
import { startStrawKubelet } from '../../helpers/straw-kubelet.ts';
import { type OwnWorld, operatorAccount, type RunningOperator, startOperator, startWorld } from '../operator/world.ts';

const SOON = { everyMs: 100 };
const run = promisify(execFile);

let world: OwnWorld;
let kubelet: ReturnType<typeof startStrawKubelet>;
let account = '';
let operator: RunningOperator;
let folder = '';

const startOne = (identity: string) => startOperator(world.plane, { kubeconfig: account, identity });

beforeAll(async () => {
  world = await startWorld();
  kubelet = startStrawKubelet(world.plane);
  account = await operatorAccount(world.plane);
  operator = await startOne('first');
  folder = await mkdtemp(join(tmpdir(), 'voucher-why-'));
});

afterAll(async () => {
  await operator?.stop();
  await kubelet?.stop();
  await world?.plane.stop();
  await rm(folder, { recursive: true, force: true });
});

const voucher = (args: readonly string[], kubeconfig = world.plane.kubeconfig) => runVoucher(args, kubeconfig);

/** Says it again until it says this. */
const says = (args: readonly string[], ...texts: readonly string[]) => {
  let last = { code: -1, out: '', err: '' };
  return eventually(
    async () => {
      last = await voucher(args);
      return texts.every((text) => last.out.includes(text)) ? last.out : undefined;
    },
    { ...SOON, what: `voucher ${args.join(' ')} to say ${texts.join(' and ')}` },
  ).catch((error: unknown) => {
    throw new Error(`it said: ${last.out}${last.err}`, { cause: error });
  });
};

/** The forecast takes 20, and 12 are authorised. */
const held = (name: string) =>
  campaignBody(name, {
    opensInMs: 240_000,
    spec: {
      scaling: {
        peakArrivalsPerSecond: 7_000,
        down: { holdAfterOpen: '2h' },
        authorized: { ceilings: { intake: 12, records: 6 } },
      },
    },
  });

const logOf = async (namespace: string, name: string) => {
  const { data } = await world.get<{ readonly data: Readonly<Record<string, string>> }>(
    `${CORE}/namespaces/${namespace}/configmaps/${name}-decisions`,
  );
  return (data['intake'] ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): { readonly at: string; readonly desired: number; readonly ceiling: number } => JSON.parse(line));
};

/** A service account that may do nothing. */
const stranger = async (namespace: string): Promise<string> => {
  const path = `${CORE}/namespaces/${namespace}/serviceaccounts`;
  await world.plane.call({ method: 'POST', path, body: { metadata: { name: 'stranger' } } });
  const made = (await world.plane.call({
    method: 'POST',
    path: `${path}/stranger/token`,
    body: { spec: { expirationSeconds: 3_600 } },
  })) as { readonly status: { readonly token: string } };
  const config = JSON.parse(await readFile(world.plane.kubeconfig, 'utf8'));
  config.users[0].user = { token: made.status.token };
  const file = join(folder, 'stranger.kubeconfig');
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
};

describe('kubectl voucher', () => {
  it('says what holds a tier back, and gives the command that an owner needs; then what was so before', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await held('spring'));
    await world.settled(namespace, 'spring', 12);

    const status = await says(
      ['status', 'spring', '-n', namespace],
      'PreWarming',
      'a plan waits for its owner',
      'kubectl voucher approve spring-',
    );
    expect(status).toMatch(/intake +\d+ +12 +12 .* the authorised ceiling is 12/);
    const wide = await says(['status', 'spring', '-n', namespace, '-o', 'wide'], 'AwaitingDecision');
    expect(wide).toMatch(/intake +\d+ +12 +12 +2\.\.\d+ +500\/s /);

    const why = await says(['why', '-n', namespace, '--tier', 'intake'], 'asks for ceilings of');
    expect(why).toMatch(/Desired for intake: 12 replicas, since .* demand needs 20, and the authorised ceiling is/);
    expect(why).toContain('forecast needs 20 replicas');
    expect(why).not.toContain('records is');

    // The very command that it prints, in a shell.
    const name = /kubectl voucher approve (\S+) -n/.exec(why)?.[1] ?? '';
    const shown = await says(['plan', 'show', name, '-n', namespace], 'Pending', 'intakeReplicasNeeded', '20');
    const command = /kubectl patch scaleplan .*/.exec(shown)?.[0] ?? '';
    const binary = await ensureBinary(KUBE, { signal: new AbortController().signal, progress: () => undefined });
    await symlink(binary, join(folder, 'kubectl'));
    const env = { PATH: `${folder}:${process.env['PATH']}`, KUBECONFIG: world.plane.kubeconfig, HOME: folder };
    const atTheCeiling = new Date().toISOString();
    expect((await run('sh', ['-c', command], { env })).stdout).toContain('patched');
    await world.settled(namespace, 'spring', 20);

    await says(['why', 'spring', '-n', namespace, '--tier', 'intake'], 'Desired for intake: 20 replicas', '12 → 20');
    const then = await says(['why', 'spring', '-n', namespace, '--at', atTheCeiling], 'Desired for intake at');
    expect(then).toContain('the authorised ceiling is 12');
  });

  it('remembers across operators, and does not tell anew what still is', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await held('handover'));
    await world.settled(namespace, 'handover', 12);
    await says(['why', 'handover', '-n', namespace], 'Desired for intake: 12 replicas');
    const before = await logOf(namespace, 'handover');

    await operator.stop();
    operator = await startOne('second');
    const body = { spec: { scaling: { authorized: { ceilings: { intake: 15, records: 6 } } } } };
    await world.patch(`${GROUP}/namespaces/${namespace}/vouchercampaigns/handover`, body);
    await says(['why', 'handover', '-n', namespace], 'Desired for intake: 15 replicas');

    const after = await logOf(namespace, 'handover');
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.slice(before.length).map(({ ceiling }) => ceiling)).toEqual(after.slice(before.length).map(() => 15));
  });

  it('takes the owner’s decision, once, and tells the operator', async () => {
    const namespace = await world.createNamespace();
    expect(await voucher(['approve', '-n', namespace])).toMatchObject({
      code: 2,
      err: expect.stringContaining('no ScalePlan waits'),
    });
    await world.createCampaign(namespace, await held('summer'));
    await world.settled(namespace, 'summer', 12);
    await says(['plans', '-n', namespace], 'Forecast', 'intake 30', 'Pending');
    const decision = ['--until', '90m', '--on-behalf-of', 'Bureau of Commerce', '--reference', 'CD-17'];
    const approved = await voucher(['approve', '-n', namespace, ...decision]);
    expect(approved).toMatchObject({ code: 0, err: '' });
    expect(approved.out).toMatch(
      /approved: intake 30 until .* \(in 1:\d\d(:\d\d)? (h|min)\), by \S+ for Bureau of Commerce/,
    );
    await world.settled(namespace, 'summer', 20);

    const list = await says(['plans', 'summer', '-n', namespace], 'Approved', 'for Bureau of Commerce');
    const [, name = ''] = /^(summer-\S+)/m.exec(list) ?? [];
    const grant = await says(
      ['plan', 'show', name, '-n', namespace],
      'pod-hours at most',
      '申请将授权上限提高到',
      'without it',
    );
    expect(grant).toContain(`kubectl voucher revoke ${name} --reason WHY`);
    const again = await voucher(['reject', name, '-n', namespace, '--reason', 'second thoughts']);
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('is Approved: only a waiting plan') });
    const revoked = await voucher([
      'revoke',
      '-n',
      namespace,
      '--reason',
      'enough',
      '--on-behalf-of',
      'Bureau of Commerce',
    ]);
    expect(revoked).toMatchObject({ code: 0, err: '' });
    expect(revoked.out).toMatch(/revoked by \S+ for Bureau of Commerce: its grant has ended/);
    await says(['plan', 'show', name, '-n', namespace], 'Revoked', 'for Bureau of Commerce: enough');
    const twice = await voucher(['revoke', name, '-n', namespace, '--reason', 'enough']);
    expect(twice).toMatchObject({ code: 2, err: expect.stringContaining('is Revoked: only an approved plan') });
    const unknown = await voucher(['approve', 'nothing', '-n', namespace]);
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining(name) });
    const mute = await voucher(['reject', name, '-n', namespace]);
    expect(mute).toMatchObject({ code: 2, err: expect.stringContaining('--reason') });
    const past = await voucher(['approve', name, '-n', namespace, '--until', 'noon']);
    expect(past).toMatchObject({ code: 2 });
  });

  it('pauses a campaign until it is told to go on', async () => {
    const namespace = await world.createNamespace();
    await world.createCampaign(namespace, await held('winter'));
    await world.settled(namespace, 'winter', 12);
    expect(await voucher(['pause', '-n', namespace, '--until', '1h'])).toMatchObject({
      code: 0,
      // The command waits 5 s for the operator, and says so when it took longer.
      out: expect.stringMatching(
        /winter: it (is paused until .* \(in 1:00 h\).* The tiers keep intake 12, records \d|was paused until .* has not confirmed it yet)/,
      ),
    });
    await says(['status', '-n', namespace], 'Overridden=True', 'kubectl voucher resume winter');
    expect(await voucher(['resume', 'winter', '-n', namespace])).toMatchObject({ code: 0, err: '' });
    expect((await voucher(['resume', '-n', namespace])).out).toContain('is not paused');
  });

  it('answers what can’t be answered with what there is, and what to do', async () => {
    const namespace = await world.createNamespace();
    const none = await voucher(['why', '-n', namespace]);
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining(`no campaign in namespace ${namespace}`) });

    await world.createCampaign(namespace, await held('first'));
    await world.createCampaign(namespace, await held('second'));
    const several = await voucher(['status', '-n', namespace]);
    expect(several).toMatchObject({ code: 0, out: expect.stringMatching(/^NAME .*\n(first|second) /) });
    const all: readonly object[] = JSON.parse((await voucher(['status', '-A', '-o', 'json'])).out);
    expect(all).toContainEqual(expect.objectContaining({ campaign: 'second', namespace }));
    const both = await voucher(['status', 'first', '-A']);
    expect(both).toMatchObject({ code: 2, err: expect.stringContaining('leave first out') });
    const ambiguous = await voucher(['why', '-n', namespace]);
    expect(ambiguous).toMatchObject({ code: 2, err: expect.stringContaining(`there are several campaigns`) });
    expect(ambiguous.err).toContain(`first -n ${namespace}`);
    expect(ambiguous.err).toContain(`second -n ${namespace}`);

    const elsewhere = await voucher(['why', 'second', '-n', 'default']);
    expect(elsewhere).toMatchObject({ code: 2, err: expect.stringContaining(`second -n ${namespace}`) });

    await says(['why', 'first', '-n', namespace], 'Desired for intake:');
    const tooEarly = await voucher(['why', 'first', '-n', namespace, '--at', '3h']);
    expect(tooEarly).toMatchObject({ code: 2, err: expect.stringContaining('the log of decisions begins for intake') });
    const nonsense = await voucher(['why', 'first', '-n', namespace, '--at', 'noon']);
    expect(nonsense).toMatchObject({ code: 2, err: expect.stringContaining('20:00:04') });

    const forbidden = await voucher(['status', 'first', '-n', namespace], await stranger(namespace));
    expect(forbidden).toMatchObject({ code: 1, err: expect.stringContaining('campaign-viewer') });
    const context = await voucher(['status', '--context', 'nowhere']);
    expect(context).toMatchObject({ code: 2, err: expect.stringContaining('there is no context "nowhere"') });

    const config = JSON.parse(await readFile(world.plane.kubeconfig, 'utf8'));
    config.clusters[0].cluster.server = 'https://127.0.0.1:1';
    const dead = join(folder, 'dead.kubeconfig');
    await writeFile(dead, JSON.stringify(config));
    const unreachable = await voucher(['why', 'first', '--kubeconfig', dead]);
    expect(unreachable).toMatchObject({ code: 1, err: expect.stringContaining('no cluster answers at https://127') });
  });
});
