/** What is wrong with values whatever the cluster: refused with the field and the remedy, never in the words of a template. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { DeploymentSpec } from 'kubernetes-types/apps/v1.js';
import { parse } from 'yaml';
import { JOBS } from '../../contract/jobs.ts';
import { TIERS } from '../../contract/tiers.ts';
import { readOperatorConfig } from '../../operator/config.ts';
import { CHART, HelmError, NAMESPACE, RELEASE, render } from './render.ts';

const serving = (...campaigns: readonly object[]) => ({
  dataPlane: { embedded: { nats: { maxFileStoreBytes: 20_000_000_000 }, campaigns } },
});
const SPRING = { campaignId: 'spring', namespace: 'vouchers' };
const AUTUMN = { campaignId: 'autumn', namespace: 'vouchers', dataPlaneSecretName: 'a', privacySecretName: 'b' };

describe('two campaigns', () => {
  it.each([
    [
      'the default Secrets in one namespace',
      serving(SPRING, { campaignId: 'autumn', namespace: 'vouchers', privacySecretName: 'b' }),
      /Secret vouchers\/voucher-data-plane is requested by spring .* and by autumn/,
    ],
    [
      'the keys of one',
      serving(SPRING, { campaignId: 'autumn', namespace: 'vouchers', dataPlaneSecretName: 'a' }),
      /Secret vouchers\/voucher-privacy is requested by spring .* and by autumn/,
    ],
    ['one campaignId twice', serving(SPRING, { ...AUTUMN, campaignId: 'spring' }), /the same campaignId/],
    [
      'one campaignId in two namespaces',
      serving(SPRING, { ...SPRING, namespace: 'other' }),
      /vouchers and spring in namespace other have the same campaignId/,
    ],
    [
      'one Secret for both purposes',
      serving({ ...SPRING, privacySecretName: 'voucher-data-plane' }),
      /dataPlaneSecretName\) and by spring .*privacySecretName/,
    ],
    [
      'a Secret of the installation itself',
      serving({ ...SPRING, namespace: NAMESPACE, dataPlaneSecretName: 'vo-journal' }),
      /voucher-system\/vo-journal is requested by this installation itself/,
    ],
    [
      'a Secret of another account',
      serving({ ...SPRING, namespace: NAMESPACE, dataPlaneSecretName: 'vo-account-autumn' }, AUTUMN),
      /vo-account-autumn is requested by the account of autumn/,
    ],
    [
      'a Secret that one has for a tier',
      serving(SPRING, { ...AUTUMN, privacySecretName: 'voucher-data-plane-intake' }),
      /voucher-data-plane-intake is requested by autumn .* and by the tier intake of spring/,
    ],
  ])('with %s are refused', async (_, values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });

  it('with the same names in other namespaces are not', async () => {
    await expect(
      render(serving(SPRING, { campaignId: 'autumn', namespace: 'other' }, { ...AUTUMN, campaignId: 'x' })),
    ).resolves.toBeDefined();
  });
});

/** `setup.resources`, and each section above it: every mapping and every list that values.yaml has. */
const sections = (node: unknown, path: readonly string[] = []): readonly (readonly string[])[] => {
  if (typeof node !== 'object' || node === null) return [];
  const below = Array.isArray(node)
    ? []
    : Object.entries(node).flatMap(([key, child]) => sections(child, [...path, key]));
  return path.length === 0 ? below : [path, ...below];
};
/** With null there, which Helm takes for a value that is not there at all. */
const without = ([key = '', ...rest]: readonly string[]): object => ({
  [key]: rest.length === 0 ? null : without(rest),
});
const said = (values: object): Promise<string> =>
  render(values).then(
    () => '',
    (error: unknown) => {
      if (!(error instanceof HelmError)) throw error;
      return error.message;
    },
  );

describe('values of a chart before this one, as --reuse-values takes them', () => {
  it('lack what came later, and are refused with the flag that has both', async () => {
    const message = await said({ setup: null });
    expect(message).toMatch(/The values lack setup, which .*--reuse-values .*use --reset-then-reuse-values, or pass/);
  });

  it('are refused for a single field too, where its absence would do harm', async () => {
    const message = await said({
      imageRegistry: null,
      lookups: null,
      setup: { deadlineSeconds: null },
      app: { shards: null, nodeLostTolerationSeconds: null },
    });
    expect(message).toContain(
      'The values lack app.nodeLostTolerationSeconds, app.shards, imageRegistry, lookups, setup.deadlineSeconds, which',
    );
  });

  it('never end in the words of a template, whatever section they lack', async () => {
    const paths = sections(parse(await readFile(join(CHART, 'values.yaml'), 'utf8')));
    expect(paths.length).toBeGreaterThan(50);
    const ended: string[] = [];
    for (const path of paths) {
      const message = await said(without(path));
      if (/nil pointer|reflect|interface conversion|error calling (?!fail)|can't evaluate|YAML parse/.test(message)) {
        ended.push(`${path.join('.')}: ${message}`);
      }
    }
    expect(ended).toEqual([]);
  }, 300_000);
});

describe('the room that the values state', () => {
  const two = [SPRING, { ...SPRING, campaignId: 'b', namespace: 'b' }, { ...SPRING, campaignId: 'c', namespace: 'c' }];
  const embedded = (nats: object, app: object, campaigns: readonly object[] = []) => ({
    app,
    dataPlane: { embedded: { nats, campaigns } },
  });

  it('is enough for three campaigns of one replica on a third of it each', async () => {
    expect(await said(embedded({ maxFileStoreBytes: 7_000_000_000 }, { journalReplicas: 1 }, two))).toBe('');
  });
  it.each([
    [
      'for three campaigns of one replica',
      embedded({ maxFileStoreBytes: 6_000_000_000 }, { journalReplicas: 1 }, two),
      /3 campaigns reserve 65\d{8} /,
    ],
    ['in decimal units', embedded({ storage: '10G' }, {}), /more than nats\.storage 10G \(10000000000\):/],
    ['as a number of bytes', embedded({ storage: 10_000_000_000 }, {}), /more than nats\.storage 10000000000 /],
    ['for five replicas', embedded({}, { journalReplicas: 5 }), /journalReplicas is 5, .* three servers: write 3/],
  ])('is refused when there is too little %s', async (_, values, message) => {
    expect(await said(values)).toMatch(message);
  });
  it('is not judged for an external journal of five servers', async () => {
    const external = { dataPlane: { embedded: { enabled: false }, external: { operatorSecretName: 'journal' } } };
    expect(await said({ ...external, app: { journalReplicas: 5 } })).toBe('');
  });
});

describe('values by tier', () => {
  it.each([
    ['app.resources', { app: { resources: { intak: {} } } }],
    ['admission.defaultCeilings', { admission: { defaultCeilings: { intak: 40 } } }],
  ])('of %s are of tiers that there are', async (field, values) => {
    await expect(render(values)).rejects.toThrow(
      `${field}: intak is not a tier: write one of ${TIERS.toSorted().join(', ')}`,
    );
  });

  it('of app.resources are of Jobs, too: a quota on CPU limits would refuse one without', async () => {
    const limits = { cpu: '2' };
    const names = [...TIERS, ...JOBS];
    const resources = Object.fromEntries(names.map((name) => [name, { limits }]));
    const operator = (await render({ app: { resources } })).find(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name === RELEASE,
    );
    const [container] = (operator?.spec as DeploymentSpec | undefined)?.template.spec?.containers ?? [];
    const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    const { pods } = readOperatorConfig([], { ...env, POD_NAME: 'vo-0', POD_NAMESPACE: NAMESPACE }).build;
    expect(Object.keys(pods?.resources ?? {}).toSorted()).toEqual(names.toSorted());
    await expect(render({ admission: { defaultCeilings: { draw: 1 } } })).rejects.toThrow('draw is not a tier');
  });
});
