/** Versions and names become labels and names of objects: valid ones, and none in a pod that did not change. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { podsOf } from './pods.ts';
import { CHART, type Manifest, render, WITH_CAMPAIGNS } from './render.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chart-versions-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** This chart as it is packaged under another version. */
const packaged = async (version: string, appVersion = version): Promise<string> => {
  const chart = join(folder, `${version}-${appVersion}`.slice(0, 200));
  await cp(CHART, chart, { recursive: true });
  const text = await readFile(join(chart, 'Chart.yaml'), 'utf8');
  const changed = text
    .replace(/^version: .*$/m, `version: ${version}`)
    .replace(/^appVersion: .*$/m, `appVersion: "${appVersion}"`);
  await writeFile(join(chart, 'Chart.yaml'), changed);
  return chart;
};

const LABEL = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
/** Every label and every selector, wherever it stands. */
const labelsIn = (node: unknown): readonly (readonly [string, unknown])[] => {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, child]) =>
    ['labels', 'matchLabels', 'selector', 'nodeSelector'].includes(key) && typeof child === 'object' && child !== null
      ? [...Object.entries(child).filter(([, value]) => typeof value === 'string'), ...labelsIn(child)]
      : labelsIn(child),
  );
};
/** A Service and what names pods must be DNS labels; everything else a DNS subdomain. */
const NAMES: Readonly<Record<string, RegExp>> = {
  Service: /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
  // Ten characters and a dash of the revision follow in a label of its pods.
  StatefulSet: /^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/,
  Deployment: /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
  Pod: /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
};
const ANY_NAME = /^[a-z0-9]([-a-z0-9.:]{0,251}[a-z0-9])?$/;

const LONG = `0.1.0+${'9f3c2a1.'.repeat(12)}dirty`;

describe.each([
  ['a version with build metadata, as Flux packages it', '0.1.0+9f3c2a1', 'vo'],
  ['a version whose cut falls on a dot', LONG, 'vo'],
  ['a pre-release', '1.0.0-rc.1', 'vo'],
  ['a release of 53 characters', '0.1.0', 'voucher-production-eu-central-1-shared-platform-team0'],
  ['a release with dots', '0.1.0', 'voucher.v1.prod'],
  ['a release that begins with a digit', '0.1.0', '2027-vouchers'],
  ['a release whose cut falls on a dash', '0.1.0', `${'a'.repeat(39)}-bcd`],
  ['a release whose cut falls on dashes', '0.1.0', `${'a'.repeat(38)}--bcd`],
])('%s', (_, version, release) => {
  let manifests: readonly Manifest[];
  beforeAll(async () => {
    manifests = await render(WITH_CAMPAIGNS, { chart: await packaged(version), release });
  });

  it('gives labels that the API server takes', () => {
    const labels = labelsIn(manifests.filter(({ kind }) => kind !== 'CustomResourceDefinition'));
    expect(labels.length).toBeGreaterThan(100);
    expect(labels.filter(([, value]) => !LABEL.test(String(value)))).toEqual([]);
  });

  it('gives names that the API server takes', () => {
    const bad = manifests.filter(({ kind, metadata }) => !(NAMES[kind] ?? ANY_NAME).test(metadata.name));
    expect(bad.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([]);
  });

  it('names images as registries can', () => {
    for (const { spec } of podsOf(manifests)) {
      for (const { image } of spec.containers)
        expect(image).toMatch(/^[a-z0-9./-]+:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/);
    }
  });
});

describe('what a version is written as', () => {
  it('keeps all of it that a label can hold', async () => {
    const [{ metadata } = { metadata: undefined }] = await render({}, { chart: await packaged('0.1.0+9f3c2a1') });
    expect(metadata?.labels).toMatchObject({
      'helm.sh/chart': 'voucher-operator-0.1.0_9f3c2a1',
      'app.kubernetes.io/version': '0.1.0_9f3c2a1',
    });
  });
});

describe('an upgrade to another chart with the same image', () => {
  /** Everything of which a change makes pods anew, or is refused. */
  const rolled = (manifests: readonly Manifest[]) =>
    manifests
      .filter(({ kind }) => ['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind))
      .map(({ kind, metadata, spec }) => [kind, metadata.name, spec]);
  const values = { ...WITH_CAMPAIGNS, image: { tag: 'same' } };

  it('restarts nothing', async () => {
    const before = rolled(await render(values, { chart: await packaged('0.1.0') }));
    const after = rolled(await render(values, { chart: await packaged('0.1.1+1', '0.2.0') }));
    expect(before).toHaveLength(3);
    expect(after).toEqual(before);
  });

  it('is the same text when nothing changes at all', async () => {
    expect(await render(values)).toEqual(await render(values));
  });

  it('restarts nothing for a larger volume, of which a server is not told', async () => {
    const templates = async (changed: object) =>
      podsOf(await render({ dataPlane: { embedded: changed } })).filter(({ name }) => !name.startsWith('Pod '));
    expect(await templates({ nats: { storage: '40Gi' }, postgres: { storage: '40Gi' } })).toEqual(await templates({}));
  });

  it('restarts the journal’s servers for a configuration that they read at start', async () => {
    const config = async (changed: object) =>
      podsOf(await render({ dataPlane: { embedded: changed } })).find(({ name }) => name === 'StatefulSet vo-nats')
        ?.metadata.annotations?.['voucher-operator.io/config'];
    expect(await config({ nats: { maxFileStoreBytes: 8_000_000_000 } })).not.toEqual(await config({}));
  });
});
