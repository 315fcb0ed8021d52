/** ConfigMaps with dashboards: none unless asked for, then one for each file, found by the label that Grafana's sidecar looks for. */
import { describe, expect, it } from '@jest/globals';
import { DASHBOARDS } from '../../observability/dashboards/dashboards.ts';
import { type Manifest, render } from './render.ts';

const boards = (manifests: readonly Manifest[]): readonly Manifest[] =>
  manifests.filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.includes('-dashboard-'));

describe('dashboards', () => {
  it('are not installed unless the values ask for them', async () => {
    expect(boards(await render())).toEqual([]);
    expect(boards(await render({ monitoring: null }))).toEqual([]);
  });

  it('are one ConfigMap each, with the label, and with the JSON as generated', async () => {
    const found = boards(await render({ monitoring: { dashboards: { enabled: true } } }));
    expect(found.map(({ metadata }) => metadata.name)).toEqual(
      Object.keys(DASHBOARDS).map((file) => `vo-dashboard-${file}`),
    );
    for (const { metadata, data = {} } of found) {
      expect(metadata.labels).toMatchObject({ grafana_dashboard: '1', 'app.kubernetes.io/name': 'voucher-operator' });
      const [text = ''] = Object.values(data);
      expect(JSON.parse(text)).toMatchObject({ tags: ['voucher-operator'], templating: { list: expect.any(Array) } });
      expect(text).toContain('{{');
    }
  });

  it('have the labels and annotations of the values', async () => {
    const dashboards = { enabled: true, labels: { team: 'city' }, annotations: { grafana_folder: 'Vouchers' } };
    for (const { metadata } of boards(await render({ monitoring: { dashboards } }))) {
      expect(metadata.labels).toMatchObject({ grafana_dashboard: '1', team: 'city' });
      expect(metadata.annotations).toEqual({ grafana_folder: 'Vouchers' });
    }
  });
});

describe('traces', () => {
  const tracingIn = (manifests: readonly Manifest[]): unknown => {
    const text = JSON.stringify(
      manifests.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'vo'),
    );
    const [, pods = '""'] = /"VOUCHER_OPERATOR_APP_PODS","value":("(?:[^"\\]|\\.)*")/.exec(text) ?? [];
    return JSON.parse(JSON.parse(pods)).tracing;
  };

  it('are off, also with values of an earlier chart; on once there is a collector', async () => {
    expect(tracingIn(await render())).toBeUndefined();
    expect(tracingIn(await render({ tracing: null }))).toBeUndefined();
    const endpoint = 'http://collector.monitoring.svc:4318';
    expect(tracingIn(await render({ tracing: { endpoint } }))).toEqual({ endpoint, ratio: 0.01 });
    await expect(render({ tracing: { endpoint: 'collector:4318' } })).rejects.toThrow(/tracing\/endpoint/);
  });
});
