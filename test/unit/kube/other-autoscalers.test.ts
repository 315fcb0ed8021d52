import { expect, it } from '@jest/globals';
import { parseObject } from '../../../operator/kube/objects.ts';
import { keepAutoscaler } from '../../../operator/kube/other-autoscalers.ts';

const scaling = (scaleTargetRef: unknown) =>
  parseObject({
    metadata: { name: 'hpa', namespace: 'vouchers', uid: 'u', resourceVersion: '1', labels: { big: 'label' } },
    spec: { scaleTargetRef, metrics: [{ type: 'Resource' }] },
  });

it.each([
  ['a Deployment', { apiVersion: 'apps/v1', kind: 'Deployment', name: 'chengdu-intake' }, 'vouchers/chengdu-intake'],
  ['a StatefulSet of the same name', { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'chengdu-intake' }, undefined],
  ['nothing that can be read', 7, undefined],
])('an autoscaler of %s', (_, target, deploymentKey) => {
  expect(keepAutoscaler(scaling(target))).toEqual({
    metadata: { name: 'hpa', namespace: 'vouchers', uid: 'u', resourceVersion: '1' },
    deploymentKey,
  });
});
