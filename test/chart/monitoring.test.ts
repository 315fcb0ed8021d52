/** Objects of the Prometheus Operator: none unless asked for; rules as generated, and pods with the labels that rules join by. */
import { describe, expect, it } from '@jest/globals';
import { ruleGroups } from '../../observability/rules.ts';
import { type Manifest, render, WATCHING } from './render.ts';

const ofKind = (manifests: readonly Manifest[], kind: string): readonly Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind);

describe('monitoring', () => {
  it('is not installed unless the values ask for it', async () => {
    for (const values of [{}, { monitoring: null }]) {
      const manifests = await render(values);
      expect([...ofKind(manifests, 'PodMonitor'), ...ofKind(manifests, 'PrometheusRule')]).toEqual([]);
    }
  });

  it('has every rule, with the templates of its annotations untouched', async () => {
    const prometheusRule = { enabled: true, labels: { release: 'prometheus' } };
    const [rule] = ofKind(await render({ monitoring: { prometheusRule } }), 'PrometheusRule');
    expect(rule?.spec).toEqual(ruleGroups());
    expect(rule?.metadata.labels).toMatchObject({ release: 'prometheus' });
    expect(JSON.stringify(rule?.spec)).toContain('{{ $labels.name }}');
  });

  it('names the runbooks where people read them', async () => {
    const prometheusRule = { enabled: true, runbookUrl: 'https://wiki.example.org/voucher/' };
    const [rule] = ofKind(await render({ monitoring: { prometheusRule } }), 'PrometheusRule');
    const text = JSON.stringify(rule?.spec);
    expect(text).toContain('"runbook_url":"https://wiki.example.org/voucher/VoucherPlanWaits.md"');
    expect(text).not.toContain('docs/runbooks');
  });

  it('scrapes the operator and campaigns’ pods, and keeps the labels of their metrics', async () => {
    const podMonitor = { enabled: true, labels: { release: 'prometheus' } };
    const monitors = ofKind(await render({ monitoring: { podMonitor } }), 'PodMonitor');
    expect(monitors.map(({ metadata }) => metadata.name)).toEqual(['vo', 'vo-campaigns']);
    for (const { metadata, spec } of monitors) {
      expect(metadata.labels).toMatchObject({ release: 'prometheus' });
      expect(spec).toMatchObject({ podMetricsEndpoints: [{ honorLabels: true, interval: '15s' }] });
    }
    expect(monitors[1]?.spec).toMatchObject({
      namespaceSelector: { any: true },
      podMetricsEndpoints: [{ relabelings: [{ targetLabel: 'name' }, { targetLabel: 'tier' }] }],
    });
  });

  it('scrapes campaigns only in the watched namespaces', async () => {
    const monitors = ofKind(await render({ ...WATCHING, monitoring: { podMonitor: { enabled: true } } }), 'PodMonitor');
    expect(monitors[1]?.spec).toMatchObject({ namespaceSelector: { matchNames: WATCHING.operator.watchNamespaces } });
  });
});
