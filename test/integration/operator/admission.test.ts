/** What the API server itself refuses, and whether its words name field and remedy. No operator runs. */
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { campaignBody, GROUP } from '../../helpers/kube-world.ts';
import { type OwnWorld, startWorld } from './world.ts';

const EXAMPLES = new URL('../../../examples/', import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, EXAMPLES), 'utf8');
const yamlIn = (folder: string): readonly string[] =>
  readdirSync(new URL(folder, EXAMPLES)).filter((name) => name.endsWith('.yaml'));

let world: OwnWorld;
let namespace: string;

beforeAll(async () => {
  world = await startWorld();
  namespace = await world.createNamespace();
});

afterAll(async () => {
  await world?.plane.stop();
});

/** The file as it is, strictly read, as `kubectl apply` asks for. */
const post = (text: string): Promise<{ readonly status: number; readonly message: string }> => {
  const plural = text.includes('\nkind: ScalePlan\n') ? 'scaleplans' : 'vouchercampaigns';
  const path = `${GROUP}/namespaces/${namespace}/${plural}?fieldValidation=Strict&dryRun=All`;
  const { ca, cert, key } = world.plane.access;
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/yaml', accept: 'application/json' };
    const outgoing = request(new URL(path, world.plane.url), { method: 'POST', ca, cert, key, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const answer = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        resolve({ status: response.statusCode ?? 0, message: String(answer.message ?? '') });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(text);
  });
};

/** What the refusal must contain of `spec.vouchers[1].name`: `vouchers`. Errors of the YAML itself name the key alone. */
const fieldOf = (text: string): string => /^# expect: (\S*?):/m.exec(text)?.[1]?.split('[')[0]?.split('.').at(-1) ?? '';

/**
 * Only the embedded mode refuses these: an API server takes an empty section for an absent one and fills in defaults,
 * and drops a status that comes with the campaign, because it is written by a subresource.
 */
const HARMLESS = ['empty-section.yaml', 'status-by-hand.yaml'];

describe('the API server', () => {
  it.each(yamlIn('.'))('admits %s', async (name) => {
    expect(await post(textOf(name))).toEqual({ status: 201, message: '' });
  });

  it.each(HARMLESS)('takes the sting out of bad/%s', async (name) => {
    expect(await post(textOf(`bad/${name}`))).toEqual({ status: 201, message: '' });
  });

  it.each(yamlIn('bad').filter((name) => !HARMLESS.includes(name)))(
    'refuses bad/%s and names the field',
    async (name) => {
      const text = textOf(`bad/${name}`);
      const { status, message } = await post(text);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(message).toContain(fieldOf(text));
    },
  );
});

describe('an open campaign', () => {
  const opened = async (name: string): Promise<string> => {
    await world.createCampaign(namespace, await campaignBody(name));
    const path = `${GROUP}/namespaces/${namespace}/vouchercampaigns/${name}`;
    const body = { status: { openedAt: '2026-01-01T00:00:00Z' } };
    await world.plane.call({
      method: 'PATCH',
      path: `${path}/status`,
      body,
      contentType: 'application/merge-patch+json',
    });
    return path;
  };
  const patched = (path: string, body: object) =>
    world.plane.answer({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });

  it.each<[string, object, RegExp]>([
    [
      'opensAt',
      { window: { opensAt: '2020-01-01T00:00:00Z' } },
      /spec\.window\.opensAt is fixed once the campaign has opened/,
    ],
    ['identity', { identity: { keySpace: 'identityCard' } }, /spec\.identity is fixed/],
    ['eligibility', { eligibility: { minAge: 21 } }, /spec\.eligibility is fixed/],
    ['vouchers', { vouchers: [] }, /spec\.vouchers/],
    ['an earlier end', { window: { closesAt: '2026-01-02T00:00:00Z' } }, /closesAt can only move later|closesAt/],
    ['privacy', { privacy: { keySecretName: 'other' } }, /spec\.privacy is fixed/],
  ])('keeps %s, also against a patch that takes the status away', async (what, spec, want) => {
    const path = await opened(`fixed-${what.replaceAll(' ', '-').toLowerCase()}`);
    for (const body of [{ spec }, { spec, status: null }]) {
      const { status, body: text } = await patched(path, body);
      expect(status).toBe(422);
      expect(JSON.parse(text).message).toMatch(want);
    }
  });

  it('keeps the moment of opening', async () => {
    const path = await opened('moment');
    for (const status of [null, { openedAt: null }, { openedAt: '2027-01-01T00:00:00Z' }]) {
      const answer = await patched(`${path}/status`, { status });
      expect(answer.status).toBe(422);
      expect(answer.body).toContain('status.openedAt is written once');
    }
  });

  it('may be extended, retitled and scaled', async () => {
    const path = await opened('editable');
    const body = {
      spec: {
        title: { en: 'New' },
        window: { closesAt: new Date(Date.now() + 90 * 86_400_000).toISOString() },
        scaling: { authorized: { ceilings: { intake: 60 } } },
      },
    };
    expect((await patched(path, body)).status).toBe(200);
  });
});
