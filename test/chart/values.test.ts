import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { CHART, EXTERNAL, helm, render, WATCHING, WITH_CAMPAIGNS } from './render.ts';

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly $ref?: string;
}

const schema = async (): Promise<Schema> => JSON.parse(await readFile(join(CHART, 'values.schema.json'), 'utf8'));
const values = async (): Promise<unknown> => parse(await readFile(join(CHART, 'values.yaml'), 'utf8'));

/** What a reference means, under the description that stands beside it. */
const resolved = ({ $ref, ...node }: Schema, root: Schema): Schema =>
  $ref === undefined ? node : { ...root.definitions?.[$ref.replace('#/definitions/', '')], ...node };

const everyProperty = (node: Schema, path = '', root = node): readonly (readonly [string, Schema])[] =>
  Object.entries(node.properties ?? {}).flatMap(([name, entry]) => {
    const own = path === '' ? name : `${path}.${name}`;
    const child = resolved(entry, root);
    return [[own, child] as const, ...everyProperty(child, own, root)];
  });

describe('values', () => {
  it.each([
    ['by default', {}],
    ['with campaigns', WITH_CAMPAIGNS],
    ['with an external data plane', EXTERNAL],
    ['with watched namespaces', WATCHING],
    [
      'with as many campaigns as the store has room for',
      { dataPlane: { embedded: { campaigns: ['a', 'b'].map((campaignId) => ({ campaignId, namespace: 'v' })) } } },
    ],
    [
      'with nothing that is optional',
      {
        crds: { install: false },
        rbac: { createUserRoles: false },
        networkPolicy: { enabled: false },
        admission: { confirmDelete: false },
      },
    ],
  ])('pass the strict linter %s', async (_, given) => {
    expect(await helm(['lint', '--strict', CHART], given)).toContain('0 chart(s) failed');
  });

  it.each([
    ['a misspelt one', { operater: {} }, /operater/],
    ['a misspelt one further in', { dataPlane: { embedded: { nats: { storageClas: 'fast' } } } }, /storageClas/],
    ['a number of replicas in quotes', { operator: { replicas: '2' } }, /operator\/replicas.*want integer/],
    ['two replicas of the journal', { app: { journalReplicas: 2 } }, /app\/journalReplicas.*1, 3, 5/],
    ['a campaign without namespace', { dataPlane: { embedded: { campaigns: [{ campaignId: 'a' }] } } }, /namespace/],
    [
      'a campaignId that no campaign can have',
      { dataPlane: { embedded: { campaigns: [{ campaignId: 'A b', namespace: 'v' }] } } },
      /campaignId/,
    ],
    ['a reader of no kind', { audit: { readers: [{ name: 'auditors' }] } }, /audit\/readers.*kind/],
    ['a tag that no image can have', { image: { tag: '1.0+abc' } }, /image\/tag/],
    ['a toleration with a misspelt field', { app: { tolerations: [{ keys: 'a' }] } }, /app\/tolerations\/0.*keys/],
    ['an effect that no taint has', { setup: { tolerations: [{ effect: 'NoSchedul' }] } }, /setup\/tolerations\/0/],
    ['an affinity to nothing', { operator: { affinity: { nodeAfinity: {} } } }, /operator\/affinity.*nodeAfinity/],
    [
      'a spread without its key',
      { operator: { topologySpreadConstraints: [{ maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' }] } },
      /topologySpreadConstraints\/0.*topologyKey/,
    ],
    [
      'a quantity that is none',
      { setup: { resources: { limits: { cpu: '1 core' } } } },
      /setup\/resources\/limits\/cpu/,
    ],
    [
      'resources of a container by a wrong word',
      { operator: { resources: { limit: {} } } },
      /operator\/resources.*limit/,
    ],
    ['a label that no pod can have', { app: { podLabels: { team: 'a b' } } }, /app\/podLabels\/team/],
    ['a DNS port that is none', { networkPolicy: { dns: { ports: [0] } } }, /networkPolicy\/dns\/ports\/0/],
    ['no DNS port', { networkPolicy: { dns: { ports: [] } } }, /networkPolicy\/dns\/ports/],
    ['an API server on no port', { networkPolicy: { apiServerPorts: [70_000] } }, /apiServerPorts\/0/],
    [
      'a peer with a misspelt selector',
      { networkPolicy: { dns: { peers: [{ podSelectors: {} }] } } },
      /dns\/peers\/0.*podSelectors/,
    ],
    [
      'a peer that is no block of addresses',
      { networkPolicy: { extraDataPlaneClients: [{ ipBlock: { cidr: '10.0.0.1' } }] } },
      /extraDataPlaneClients\/0\/ipBlock\/cidr/,
    ],
    ['a deadline of no time', { setup: { deadlineSeconds: 5 } }, /setup\/deadlineSeconds/],
    [
      'pull secrets of a namespace that is none',
      { app: { imagePullSecretsByNamespace: { A_b: ['pull'] } } },
      /imagePullSecretsByNamespace/,
    ],
    ['a registry with a scheme', { imageRegistry: 'https://registry.example.cn' }, /imageRegistry/],
    [
      'more campaigns than the journal’s store has room for',
      { dataPlane: { embedded: { campaigns: ['a', 'b', 'c'].map((id) => ({ campaignId: id, namespace: id })) } } },
      /maxFileStoreBytes is 17179869184 \(16384 MiB\), but 3 campaigns reserve 19520290816 \(18616 MiB\)/,
    ],
    [
      'a store that is larger than its volume',
      { dataPlane: { embedded: { nats: { storage: '10Gi' } } } },
      /maxFileStoreBytes is 17179869184, more than nats\.storage 10Gi \(10737418240\):/,
    ],
    [
      'an external data plane without account',
      { dataPlane: { embedded: { enabled: false } } },
      /operatorSecretName is not set: name a Secret/,
    ],
  ])('refuse %s and name it', async (_, given, message) => {
    await expect(render(given)).rejects.toThrow(message);
  });

  it('are all described, and closed against others', async () => {
    for (const [path, node] of everyProperty(await schema())) {
      expect([path, node.description]).toEqual([path, expect.stringMatching(/^[A-Z].*\.$/)]);
      if (node.properties !== undefined) expect([path, node.additionalProperties]).toEqual([path, false]);
    }
  });

  it('are the same ones in values.yaml and in the schema', async () => {
    const written = (node: unknown, path = ''): readonly string[] =>
      typeof node === 'object' && node !== null && !Array.isArray(node)
        ? Object.entries(node).flatMap(([name, child]) => {
            const own = path === '' ? name : `${path}.${name}`;
            return [own, ...written(child, own)];
          })
        : [];
    const known = new Set(everyProperty(await schema()).map(([path]) => path));
    const inFile = new Set(written(await values()));
    expect([...inFile].filter((path) => !known.has(path) && !/esources\.(requests|limits)\./.test(path))).toEqual([]);
    const optional = /^global$|\.claims$|\.limits$|^app\.resources\.|\.image\.digest$|ffinity\./;
    expect([...known].filter((path) => !inFile.has(path) && !optional.test(path))).toEqual([]);
  });
});

describe('the custom resources', () => {
  it('are those of crds/, and stay when the chart goes', async () => {
    const rendered = (await render()).filter(({ kind }) => kind === 'CustomResourceDefinition');
    const dir = join(CHART, '../../crds');
    const own = await Promise.all(
      (await readdir(dir)).map(async (file) => parse(await readFile(join(dir, file), 'utf8'))),
    );
    const specs = new Map(rendered.map(({ metadata, spec }) => [metadata.name, spec]));
    expect(specs.size).toBe(own.length);
    for (const { metadata, spec } of own) expect(specs.get(metadata.name)).toEqual(spec);
    for (const { metadata } of rendered) expect(metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
  });

  it('can be left to somebody else', async () => {
    const kinds = (await render({ crds: { install: false } })).map(({ kind }) => kind);
    expect(kinds).not.toContain('CustomResourceDefinition');
  });
});

describe('what is namespaced', () => {
  it.each([
    ['by default', {}],
    ['with campaigns', WITH_CAMPAIGNS],
  ])('has its namespace stated %s, so that kubectl puts it where Helm would', async (_, given) => {
    const CLUSTER_WIDE = /^(Cluster|CustomResourceDefinition|PriorityClass|ValidatingAdmissionPolicy)/;
    for (const { kind, metadata } of await render(given)) {
      expect([kind, metadata.name, metadata.namespace !== undefined]).toEqual([
        kind,
        metadata.name,
        !CLUSTER_WIDE.test(kind),
      ]);
    }
  });

  it('has a name that nothing else has', async () => {
    const names = (await render(WITH_CAMPAIGNS)).map(
      ({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`,
    );
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
