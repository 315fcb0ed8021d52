import { describe, expect, it } from '@jest/globals';
import { parseObject } from '../../../operator/kube/objects.ts';
import { differenceOf, ownsMoreThanReplicas } from '../../../operator/kube/owned-fields.ts';

const MANAGER = 'voucher-operator';

/** As an API server keeps it: defaults filled in, zero values left out, and fields of others beside ours. */
const live = (changes: { readonly spec?: object; readonly fields?: object; readonly manager?: string } = {}) =>
  parseObject({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'chengdu-intake',
      namespace: 'vouchers',
      uid: 'u1',
      resourceVersion: '7',
      labels: { app: 'intake', theirs: 'x' },
      annotations: { 'deployment.kubernetes.io/revision': '1' },
      finalizers: ['ours'],
      managedFields: [
        {
          manager: changes.manager ?? MANAGER,
          operation: 'Apply',
          fieldsV1: changes.fields ?? fields(),
        },
        { manager: MANAGER, operation: 'Update', subresource: 'scale', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
      ],
    },
    spec: {
      replicas: 20,
      selector: { matchLabels: { app: 'intake' } },
      template: {
        spec: {
          restartPolicy: 'Always',
          containers: [
            {
              name: 'intake',
              image: 'app:1',
              args: ['intake'],
              resources: { requests: { cpu: '500m' } },
              terminationMessagePath: '/dev/termination-log',
              env: [
                { name: 'A', value: '1' },
                { name: 'POD', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
              ],
              ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
            },
            { name: 'sidecar', image: 'theirs:1' },
          ],
        },
      },
      ...changes.spec,
    },
  });

const container = () => ({
  '.': {},
  'f:name': {},
  'f:image': {},
  'f:args': {},
  'f:resources': { '.': {}, 'f:requests': { '.': {}, 'f:cpu': {} } },
  'f:env': {
    'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} },
    'k:{"name":"POD"}': { '.': {}, 'f:name': {}, 'f:valueFrom': { 'f:fieldRef': {} } },
  },
  'f:ports': { 'k:{"containerPort":8080,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:containerPort': {} } },
});
const fields = (own: object = container(), spec: object = {}) => ({
  'f:metadata': { 'f:labels': { 'f:app': {} }, 'f:finalizers': { 'v:"ours"': {} } },
  'f:spec': {
    'f:selector': {},
    'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"intake"}': own } } },
    ...spec,
  },
});

const wantedContainer = {
  name: 'intake',
  image: 'app:1',
  args: ['intake'],
  // What the server has written as 500m.
  resources: { requests: { cpu: '0.5' } },
  env: [
    { name: 'A', value: '1' },
    { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  ],
  ports: [{ name: 'http', containerPort: 8080 }],
};
const manifest = (own: object = wantedContainer, metadata: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'chengdu-intake',
    namespace: 'vouchers',
    labels: { app: 'intake' },
    finalizers: ['ours'],
    ...metadata,
  },
  spec: {
    // A zero value, which the server leaves out.
    minReadySeconds: 0,
    selector: { matchLabels: { app: 'intake' } },
    template: { spec: { containers: [own] } },
  },
});

describe('differenceOf', () => {
  it('finds nothing where defaults, foreign fields, foreign elements and zero values are all there is', () => {
    expect(differenceOf(manifest(), live(), MANAGER)).toBeUndefined();
  });

  it.each<[string, object, ReturnType<typeof live>, RegExp]>([
    ['nothing was ever applied', manifest(), live({ manager: 'somebody' }), /has applied nothing yet/],
    ['a value is another', manifest({ ...wantedContainer, image: 'app:2' }), live(), /\.image differs$/],
    [
      'an amount is another',
      manifest({ ...wantedContainer, resources: { requests: { cpu: '1' } } }),
      live(),
      /requests\.cpu differs/,
    ],
    ['a list has another element', manifest({ ...wantedContainer, args: ['records'] }), live(), /\.args differs$/],
    ['a list has one more', manifest({ ...wantedContainer, args: ['intake', '-v'] }), live(), /\.args differs$/],
    [
      'a keyed element is new',
      manifest({ ...wantedContainer, env: [...wantedContainer.env, { name: 'B', value: '2' }] }),
      live(),
      /"B".*is not owned/,
    ],
    [
      'a keyed element is no longer wanted',
      manifest({ ...wantedContainer, env: wantedContainer.env.slice(0, 1) }),
      live(),
      /"POD".*no longer wanted/,
    ],
    [
      'a value deep in an atomic field is another',
      manifest({
        ...wantedContainer,
        env: [wantedContainer.env[0], { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
      }),
      live(),
      /fieldRef differs/,
    ],
    [
      'a label is new',
      manifest(wantedContainer, { labels: { app: 'intake', more: 'y' } }),
      live(),
      /labels\.more is not owned/,
    ],
    ['a label is no longer wanted', manifest(wantedContainer, { labels: {} }), live(), /labels\.app is owned|labels/],
    ['a finalizer is new', manifest(wantedContainer, { finalizers: ['ours', 'more'] }), live(), /lacks "more"/],
    [
      'a finalizer is no longer wanted',
      manifest(wantedContainer, { finalizers: [] }),
      live(),
      /"ours", no longer wanted|finalizers/,
    ],
    [
      'somebody else forced the very same value',
      manifest(),
      live({ fields: fields({ ...container(), 'f:image': undefined }) }),
      /\.image is not owned/,
    ],
    ['somebody deleted what we own', manifest(), live({ spec: { template: { spec: { containers: [] } } } }), /differs/],
    [
      'we own what we no longer say',
      manifest(),
      live({ fields: fields(container(), { 'f:paused': {} }), spec: { paused: true } }),
      /\.paused is owned and no longer wanted/,
    ],
  ])('says where when %s', (_, wanted, found, want) => {
    expect(differenceOf(wanted, found, MANAGER)).toMatch(want);
  });

  it('takes a field that we own and that is gone anyway for no difference', () => {
    expect(
      differenceOf(manifest(), live({ fields: fields(container(), { 'f:paused': {} }) }), MANAGER),
    ).toBeUndefined();
  });
});

describe('ownsMoreThanReplicas', () => {
  it.each([
    ['nothing', undefined, false],
    ['replicas', { 'f:spec': { 'f:replicas': {} } }, false],
    ['replicas and a label', { 'f:metadata': { 'f:labels': {} }, 'f:spec': { 'f:replicas': {} } }, true],
    ['the template', { 'f:spec': { 'f:template': {} } }, true],
  ])('of %s: %s', (_, owned, want) => {
    expect(ownsMoreThanReplicas(owned)).toBe(want);
  });
});
