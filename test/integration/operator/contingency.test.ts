/** Contingency levels on a real API server: what people command, who may, and what the operator makes of it. */

import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { LiveSettings } from '../../../contract/app-contract.ts';
import type { JournalAdmin } from '../../../journal/administration.ts';
import { CHART, helm, NAMESPACE, RELEASE } from '../../chart/render.ts';
import { RBAC, RIGHTS_PATHS } from '../../helpers/chart-rights.ts';
import { eventually } from '../../helpers/eventually.ts';
import { CORE, campaignBody, conditionOf, GROUP } from '../../helpers/kube-world.ts';
import { runVoucher } from '../../helpers/run-voucher.ts';
import { type ManagedWorld, startManagedWorld } from './world.ts';

const SOON = { everyMs: 50 };
const HOUR_MS = 3_600_000;

const title = { 'zh-CN': '应急', en: 'Contingency' };
const LEVELS = [
  { name: 'narrow-door', title, effect: { admissionPerSecond: 50 } },
  {
    name: 'page',
    title,
    effect: { staticPage: { text: { 'zh-CN': '稍后再来', en: 'Come again later' }, retryAfterSeconds: 60 } },
  },
  { name: 'more-time', title, effect: { extendClosing: '2h' } },
];

let world: ManagedWorld;
let namespace = '';
/** By campaignId: the last settings that pods would have got. */
const settings = new Map<string, LiveSettings>();
const journal: JournalAdmin = {
  ensure: async () => ({ kind: 'ready', durability: 'Synced', replicas: 3, message: 'played' }),
  remove: async () => ({ kind: 'removed', streams: 6 }),
  backlog: async () => ({ messages: 0 }),
  putLiveSettings: async (campaignId, next) => void settings.set(campaignId, next),
};
const people: Record<'editor' | 'owner', { user: string; kubeconfig: string }> = {
  editor: { user: '', kubeconfig: '' },
  owner: { user: '', kubeconfig: '' },
};

const post = (path: string, body: object) => world.plane.call({ method: 'POST', path, body });

const person = async (name: 'editor' | 'owner', roles: readonly string[]): Promise<void> => {
  await post(`${CORE}/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
  for (const role of roles) {
    await post(`${RBAC}/namespaces/${namespace}/rolebindings`, {
      metadata: { name: `${name}-${role}` },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: `${NAMESPACE}-${RELEASE}-campaign-${role}`,
      },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    });
  }
  const made = await post(`${CORE}/namespaces/${namespace}/serviceaccounts/${name}/token`, {
    spec: { expirationSeconds: 3_600 },
  });
  const config = JSON.parse(await readFile(world.plane.kubeconfig, 'utf8'));
  config.users[0].user = { token: (made as { readonly status: { readonly token: string } }).status.token };
  config.contexts[0].context.namespace = namespace;
  const kubeconfig = `${world.plane.kubeconfig}.${name}`;
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  people[name] = { user: `system:serviceaccount:${namespace}:${name}`, kubeconfig };
};

const voucher = (who: keyof typeof people, ...args: readonly string[]) => runVoucher(args, people[who].kubeconfig);

/** An open campaign with these levels, made by an owner. */
const opened = async (name: string, levels: readonly object[] = LEVELS): Promise<void> => {
  const spec = { contingency: { levels }, traffic: { admissionPerSecond: 400 } };
  await world.createCampaign(namespace, await campaignBody(name, { opensInMs: -HOUR_MS, spec }));
  await world.ready(namespace, name);
};

const campaignsPath = (): string => `${GROUP}/namespaces/${namespace}/vouchercampaigns`;
const patchAs = async (who: keyof typeof people, name: string, body: object, query = '') => {
  const { status, body: text } = await world.plane.answer({
    method: 'PATCH',
    path: `${campaignsPath()}/${name}${query}`,
    body,
    contentType: 'application/merge-patch+json',
    as: people[who].user,
  });
  return { status, message: String(JSON.parse(text).message ?? '') };
};
const say = (level: string, text: string | null) => ({
  metadata: { annotations: { [`contingency.voucher-operator.io/${level}`]: text } },
});

const published = (name: string, is: (one: LiveSettings) => boolean, what: string): Promise<LiveSettings> =>
  eventually(
    () => {
      const found = settings.get(name);
      return found !== undefined && is(found) ? found : undefined;
    },
    { ...SOON, what },
  );

beforeAll(async () => {
  world = await startManagedWorld({ journal });
  namespace = await world.createNamespace();
  for (const document of parseAllDocuments(await helm(['template', RELEASE, CHART, '--namespace', NAMESPACE]))) {
    const body = document.toJS();
    const path = RIGHTS_PATHS[body?.kind];
    if (path !== undefined) await post(path, body);
  }
  await person('editor', ['editor']);
  await person('owner', ['owner', 'editor']);
  await opened('guarded');
  // A policy is in force some time after it was written. Until then nothing may be changed: an extended closing stays.
  const tried = () => patchAs('editor', 'guarded', say('more-time', 'on until stopped'), '?dryRun=All');
  await eventually(async () => (await tried()).status === 403, { everyMs: 200, what: 'the policy to be in force' });
});

afterAll(() => world?.stop());

describe('a mild level', () => {
  it('is started and stopped by an editor: settings, status and the list say so', async () => {
    await opened('mild');
    const started = await voucher(
      'editor',
      'contingency',
      'start',
      'narrow-door',
      'mild',
      '--until',
      '30m',
      '--reason',
      'slow',
    );
    // The command waits 5 s for the operator, and says so when it took longer.
    expect(started).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^mild: narrow-door (is in force until|was started until .* has not confirmed it yet)/,
      ),
    });
    await published('mild', ({ traffic }) => traffic.admissionPerSecond === 50, 'the level');
    const found = await eventually(
      async () => {
        const one = await world.campaign(namespace, 'mild');
        return one.status?.contingency !== undefined && one;
      },
      { ...SOON, what: 'the level in the status' },
    );
    expect(found.status?.contingency).toEqual([
      expect.objectContaining({ name: 'narrow-door', by: 'Command', who: people.editor.user, reason: 'slow' }),
    ]);
    expect(conditionOf(found, 'Contingency')).toMatchObject({ status: 'True', reason: 'LevelInForce' });
    expect((await voucher('editor', 'contingency', 'list', 'mild')).out).toMatch(
      /narrow-door +at most 50\/s admitted +by command +since .*slow/,
    );
    expect((await voucher('editor', 'status', 'mild')).out).toContain('narrow-door by command of');

    const stopped = await voucher('editor', 'contingency', 'stop', 'narrow-door', 'mild');
    expect(stopped).toMatchObject({
      code: 0,
      out: expect.stringMatching(/narrow-door (has ended|was stopped, but .* has not confirmed it yet)/),
    });
    await published('mild', ({ traffic }) => traffic.admissionPerSecond === 400, 'the old admission');
    await eventually(async () => (await world.campaign(namespace, 'mild')).status?.contingency === undefined, {
      ...SOON,
      what: 'a status without the level',
    });
  });

  it('puts its page before citizens', async () => {
    await opened('paged');
    expect(await voucher('editor', 'contingency', 'start', 'page', 'paged', '--until', 'stopped')).toMatchObject({
      code: 0,
    });
    const { page } = await published('paged', (one) => one.page !== undefined, 'the page');
    expect(page).toMatchObject({ text: { en: 'Come again later' }, retryAfterSeconds: 60 });
  });

  it('takes plain kubectl as well, and is told in events', async () => {
    await opened('plain');
    await patchAs('editor', 'plain', say('narrow-door', 'on until stopped: by hand'));
    await published('plain', ({ traffic }) => traffic.admissionPerSecond === 50, 'the level');
    await patchAs('editor', 'plain', say('narrow-door', null));
    await published('plain', ({ traffic }) => traffic.admissionPerSecond === 400, 'its end');
    const told = async (): Promise<boolean> => {
      const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
      const { items } = await world.get<{
        readonly items: readonly { readonly reason: string; regarding: { name: string } }[];
      }>(path);
      const reasons = items.filter(({ regarding }) => regarding.name === 'plain').map(({ reason }) => reason);
      return reasons.includes('ContingencyStarted') && reasons.includes('ContingencyEnded');
    };
    await eventually(told, { ...SOON, what: 'both events' });
  });

  it('is given in nobody else’s name', async () => {
    const forged = await patchAs('editor', 'guarded', say('narrow-door', 'on by mayor until stopped: I say so'));
    expect(forged).toMatchObject({
      status: 403,
      message: expect.stringContaining('can only contain your own name'),
    });
    const blamed = await patchAs('editor', 'guarded', say('narrow-door', 'off by mayor at 2027-03-01T00:00:00Z'));
    expect(blamed.status).toBe(403);
  });

  it('that there is not is named, with those that there are', async () => {
    const { code, err } = await voucher('editor', 'contingency', 'start', 'nothing', 'guarded', '--until', '1h');
    expect([code, err]).toEqual([2, expect.stringContaining('narrow-door: Contingency')]);
    const endless = await voucher('editor', 'contingency', 'start', 'page', 'guarded');
    expect([endless.code, endless.err]).toEqual([2, expect.stringContaining('--until')]);
  });
});

describe('a closing that is extended', () => {
  it('is not by an editor, whichever way he tries', async () => {
    const started = await voucher('editor', 'contingency', 'start', 'more-time', 'guarded', '--until', '1h');
    expect(started.code).toBe(1);
    expect(started.err).toContain('it requires the verb authorize on vouchercampaigns');
    expect(started.err).not.toContain('campaign-editor allows it');

    const closesAt = new Date(Date.now() + 30 * 24 * HOUR_MS).toISOString();
    const own = [...LEVELS, { name: 'mine', title, effect: { extendClosing: '100h' } }];
    const longer = LEVELS.map((level) =>
      level.name === 'more-time' ? { ...level, effect: { extendClosing: '99h' } } : level,
    );
    for (const [body, words] of [
      [{ spec: { window: { closesAt } } }, 'spec.window.closesAt: is later than before'],
      [
        { spec: { contingency: { levels: own } } },
        'one that extends the closing or defers the freeze is new or changed',
      ],
      [
        { spec: { contingency: { levels: longer } } },
        'one that extends the closing or defers the freeze is new or changed',
      ],
    ] as const) {
      expect(await patchAs('editor', 'guarded', body)).toMatchObject({
        status: 403,
        message: expect.stringContaining(words),
      });
    }
    const made = await world.plane.answer({
      method: 'POST',
      path: campaignsPath(),
      body: await campaignBody('new', { spec: { contingency: { levels: LEVELS } } }),
      as: people.editor.user,
    });
    expect(made.status).toBe(403);
    expect((await world.campaign(namespace, 'guarded')).status?.closesAt).toBeUndefined();
  });

  it('is by an owner, under his name; an editor may end the level, and the closing stays', async () => {
    await opened('longer');
    const nameless = await patchAs('owner', 'longer', say('more-time', 'on until stopped'));
    expect(nameless).toMatchObject({
      status: 403,
      message: expect.stringContaining(
        'a command that extends the closing or defers the freeze must contain your name',
      ),
    });

    const stated = Date.parse((await world.campaign(namespace, 'longer')).spec.window.closesAt);
    const started = await voucher(
      'owner',
      'contingency',
      'start',
      'more-time',
      'longer',
      '--until',
      '1h',
      '--reason',
      'outage',
    );
    expect(started).toMatchObject({
      code: 0,
      out: expect.stringMatching(/Registration closes at|has not confirmed it yet/),
    });
    const extended = stated + 2 * HOUR_MS;
    await published('longer', ({ window }) => Date.parse(window.closesAt) === extended, 'the later closing');

    const stopped = await voucher('editor', 'contingency', 'stop', 'more-time', 'longer');
    expect(stopped.out).toMatch(/The extended closing remains|has not confirmed it yet/);
    const { status } = await eventually(
      async () => {
        const found = await world.campaign(namespace, 'longer');
        return found.status?.contingency === undefined ? found : undefined;
      },
      { ...SOON, what: 'the level to have ended' },
    );
    expect(Date.parse(status?.closesAt ?? '')).toBe(extended);
    expect(Date.parse(settings.get('longer')?.window.closesAt ?? '')).toBe(extended);
  });

  it('is never taken back by a status that somebody writes', async () => {
    await opened('kept');
    expect((await voucher('owner', 'contingency', 'start', 'more-time', 'kept', '--until', '1h')).code).toBe(0);
    await eventually(async () => (await world.campaign(namespace, 'kept')).status?.closesAt, {
      ...SOON,
      what: 'the later closing in the status',
    });
    const { answer } = world.plane;
    const path = `${campaignsPath()}/kept/status`;
    const contentType = 'application/merge-patch+json';
    for (const closesAt of [null, '2020-01-01T00:00:00Z']) {
      const refused = await answer({ method: 'PATCH', path, body: { status: { closesAt } }, contentType });
      expect(refused).toMatchObject({ status: 422, body: expect.stringContaining('never moves back') });
    }
  });
});
