/** What the API server lets pass and JavaScript does not read: refused today, and a condition where it is stored already. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseInstant } from '../../../contract/instant.ts';
import { eventually } from '../../helpers/eventually.ts';
import { campaignBody, conditionOf, flood, GROUP } from '../../helpers/kube-world.ts';
import { shown } from '../../helpers/outages/shown.ts';
import { unreadableSpec } from '../../helpers/outages/unreadable-spec.ts';
import { runVoucher } from '../../helpers/run-voucher.ts';
import { type ManagedWorld, startManagedWorld } from './world.ts';

const SOON = { everyMs: 50 };

let world: ManagedWorld;
let namespace: string;

beforeAll(async () => {
  world = await startManagedWorld();
  namespace = await world.createNamespace();
});

afterAll(async () => {
  await world?.stop();
});

const admit = async (closesAt: unknown) => {
  const body = (await campaignBody('tried')) as { readonly spec: { readonly window: object } };
  const spec = { ...body.spec, window: { ...body.spec.window, closesAt } };
  const path = `${GROUP}/namespaces/${namespace}/vouchercampaigns?dryRun=All`;
  const answer = await world.plane.answer({ method: 'POST', path, body: { ...body, spec } });
  return { status: answer.status, message: String(JSON.parse(answer.body).message ?? '') };
};

/** In a year in which the campaign of the test has opened, and within a year of it. */
const day = new Date(Date.now() + 90 * 86_400_000).toISOString().slice(0, 10);

describe('the schema', () => {
  it.each([`${day}T10:00:00Z`, `${day}T10:00:00.5Z`, `${day}T10:00:00.123+08:00`, `${day}T23:59:59-11:30`])(
    'admits %s',
    async (text) => {
      expect(await admit(text)).toEqual({ status: 201, message: '' });
      expect(parseInstant(text)).toBeDefined();
    },
  );

  it.each([
    `${day}T10:00:00,5Z`,
    `${day}T10:00:00x5Z`,
    `${day}t10:00:00z`,
    `${day}T10:00:00z`,
    `${day}T10:00:00.0001Z`,
    `${day}T10:00:00.123456789Z`,
    `${day}T24:00:00Z`,
    `${day}T23:59:60Z`,
    `${day}T10:00:00+15:00`,
    `${day}T10:00:00+24:00`,
    `${day}T10:00:00`,
    `${day} 10:00:00Z`,
    `${day.slice(0, 4)}-02-30T10:00:00Z`,
    '9999-12-31T23:59:59-12:00',
    '0000-01-01T00:00:00Z',
  ])('refuses %s, and shows how to write it', async (text) => {
    const { status, message } = await admit(text);
    expect(status).toBe(422);
    expect(message).toContain('spec.window.closesAt');
    expect(message).toMatch(/2027-03-01T10:00:00\[\+\]08:00|date-time/);
  });
});

describe('a campaign that was stored before the rule came', () => {
  it('is told within seconds, keeps its replicas, holds up no other, and comes back when it is mended', async () => {
    const [broken, sound] = ['stored', 'beside'];
    for (const name of [broken, sound]) {
      await world.createCampaign(namespace, await flood(name));
      await world.settled(namespace, name, 20);
      await world.ready(namespace, name);
    }
    const { closesAt } = (await world.campaign(namespace, broken)).spec.window;
    const seen = await unreadableSpec(
      world.plane,
      world,
      { namespace, name: broken },
      {
        spec: { window: { closesAt: closesAt.replace(/[.]\d+Z$/, ',999Z') } },
      },
    );
    shown('a stored instant can’t be read', seen);
    expect(seen.condition).toMatchObject({
      type: 'Ready',
      status: 'False',
      reason: 'SpecUnreadable',
      message: expect.stringMatching(
        /^spec\.window\.closesAt is "[^"]+,999Z", which is not an instant: write date, time and offset, such as 2027-03-01T10:00:00\+08:00/,
      ),
    });
    expect(seen.events.map(({ message }) => message)).toEqual([seen.condition?.message]);

    for (const args of [
      ['status', broken],
      ['status', '-A'],
    ]) {
      const { code, out } = await runVoucher([...args, '-n', namespace], world.plane.kubeconfig);
      expect([code, out]).toEqual([0, expect.stringContaining('spec.window.closesAt')]);
    }

    // Nothing is decided for it, and everything for the other.
    await world.scale(namespace, `${broken}-intake`, 22);
    await world.scale(namespace, `${sound}-intake`, 22);
    await world.settled(namespace, sound, 20);
    expect((await world.deployment(namespace, `${broken}-intake`))?.spec?.replicas).toBe(22);

    await world.patch(`${GROUP}/namespaces/${namespace}/vouchercampaigns/${broken}`, {
      spec: { window: { closesAt: closesAt.replace(/[.]\d+Z$/, '.999Z') } },
    });
    await world.settled(namespace, broken, 20);
    await eventually(
      async () => conditionOf(await world.campaign(namespace, broken), 'Ready')?.reason !== 'SpecUnreadable',
      { ...SOON, what: 'the condition to go' },
    );
  });
});
