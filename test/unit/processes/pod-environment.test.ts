import { describe, expect, it } from '@jest/globals';
import { podEnvironment, portVariable, translatePath } from '../../../local/processes/pod-environment.ts';
import { buildPodTemplate, nodeOptions } from '../../../operator/resources/pod.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { buildOptions } from '../../helpers/build-options.ts';

const mounts = [
  { mountPath: '/etc/voucher/config', dir: '/pods/a/config' },
  { mountPath: '/etc/voucher', dir: '/pods/a/all' },
];
const place = {
  podName: 'a',
  namespace: 'vouchers',
  podIp: '127.0.0.1',
  ports: { admin: 20001, http: 20002 },
  mounts,
  serviceUrl: (namespace: string, name: string) => `http://127.0.0.1:20003/${namespace}/${name}`,
};

describe('a path in the environment', () => {
  it.each([
    ['that is a mount path becomes its directory', '/etc/voucher/config', '/pods/a/config'],
    ['below a mount path moves with it', '/etc/voucher/config/config.json', '/pods/a/config/config.json'],
    ['below two mounts belongs to the inner one', '/etc/voucher/config/x', '/pods/a/config/x'],
    ['below the outer mount only goes there', '/etc/voucher/privacy', '/pods/a/all/privacy'],
    ['that only begins with the same letters stays', '/etc/voucherish', '/etc/voucherish'],
    ['that is no path stays', 'info', 'info'],
  ])('%s', (_name, value, expected) => {
    expect(translatePath(value, mounts)).toBe(expected);
  });
});

describe('the environment of a process', () => {
  it('is what the operator writes for a pod, with the places of this machine', () => {
    const [container] = buildPodTemplate(aCampaign(), 'intake', buildOptions).spec?.containers ?? [];
    if (container === undefined) throw new Error('a template without a container');
    const dirs = (container.volumeMounts ?? []).map(({ mountPath, name }) => ({ mountPath, dir: `/pods/a/${name}` }));
    expect(podEnvironment(container, { ...place, mounts: dirs }, { PATH: '/bin' })).toEqual({
      PATH: '/bin',
      NODE_OPTIONS: nodeOptions('intake'),
      VOUCHER_ROLE: 'intake',
      POD_NAME: 'a',
      VOUCHER_CONFIG_DIR: '/pods/a/config',
      VOUCHER_PRIVACY_DIR: '/pods/a/privacy',
      VOUCHER_DATA_PLANE_DIR: '/pods/a/data-plane',
      VOUCHER_HOST: '127.0.0.1',
      PORT_HTTP: '20002',
      PORT_ADMIN: '20001',
      VOUCHER_SERVICE_URL: 'http://127.0.0.1:20003/vouchers/chengdu-intake',
      VOUCHER_LOG_LEVEL: 'info',
    });
  });

  it.each([
    ['metadata.name', 'a'],
    ['metadata.namespace', 'vouchers'],
    ['status.podIP', '127.0.0.1'],
  ])('takes %s from the pod', (fieldPath, expected) => {
    const container = { name: 'app', env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath } } }] };
    expect(podEnvironment(container, place, {})['X']).toBe(expected);
  });

  it('names the variable whose source has no meaning here', () => {
    const valueFrom = { secretKeyRef: { name: 's', key: 'k' } };
    const container = { name: 'app', env: [{ name: 'PASSWORD', valueFrom }] };
    expect(() => podEnvironment(container, place, {})).toThrow(/PASSWORD.*secretKeyRef/);
  });

  it('writes a port name as a variable name', () => {
    expect(portVariable('web-admin')).toBe('PORT_WEB_ADMIN');
  });
});
