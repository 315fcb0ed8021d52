import { afterEach, describe, expect, it } from '@jest/globals';
import { InMemorySpanExporter, type SpanExporter } from '@opentelemetry/sdk-trace';
import { Registry } from 'prom-client';
import { createTracing } from '../../../app/tracing/otel.ts';
import { inSpan, type Tracing } from '../../../app/tracing/spans.ts';

const open: Tracing[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const tracingTo = (exporter: SpanExporter, { ratio = 1, random = Math.random } = {}) => {
  const registry = new Registry();
  const options = { endpoint: 'http://collector.invalid:4318', ratio, random, exporter, registry };
  const tracing = createTracing({ ...options, role: 'intake', podName: 'intake-0', campaignId: 'spring' });
  open.push(tracing);
  const counted = async (outcome: string): Promise<number> => {
    const { values } = (await registry.getSingleMetric('voucher_trace_spans_total')?.get()) ?? { values: [] };
    return values.find(({ labels }) => labels['outcome'] === outcome)?.value ?? 0;
  };
  return { tracing, counted };
};

/** Keeps what a closed tracer has sent; the one of the SDK forgets it. */
const keeping = () => {
  const memory = new InMemorySpanExporter();
  const kept: {
    readonly name: string;
    readonly trace: string;
    readonly parent: string | undefined;
    readonly attributes: object;
  }[] = [];
  const exporter: SpanExporter = {
    export(spans, done) {
      for (const span of spans) {
        const { traceId } = span.spanContext();
        kept.push({
          name: span.name,
          trace: traceId,
          parent: span.parentSpanContext?.spanId,
          attributes: span.attributes,
        });
      }
      memory.export(spans, done);
    },
    shutdown: () => memory.shutdown(),
  };
  return { exporter, kept };
};

describe('a trace', () => {
  it('joins spans of several pods by the header of a message', async () => {
    const { exporter, kept } = keeping();
    const { tracing } = tracingTo(exporter);
    const accept = tracing.root('intake.accept');
    const publish = accept?.child('journal.publish');
    const record = tracing.follow('records', publish?.traceparent, { shard: 2, deliveries: 1 });
    record?.end('acknowledged');
    publish?.end('acknowledged', { shard: 2, duplicate: false, attempts: 1 });
    accept?.end('stored');
    await tracing.close();
    expect(kept.map(({ name }) => name)).toEqual(['records', 'journal.publish', 'intake.accept']);
    expect(new Set(kept.map(({ trace }) => trace)).size).toBe(1);
    expect(kept.map(({ parent }) => parent)).toEqual([
      publish?.traceparent.split('-')[2],
      accept?.traceparent.split('-')[2],
      undefined,
    ]);
    expect(kept[0]?.attributes).toEqual({
      'voucher.shard': 2,
      'voucher.deliveries': 1,
      'voucher.outcome': 'acknowledged',
    });
  });

  it.each<[string, string | undefined]>([
    ['is missing', undefined],
    ['is empty', ''],
    ['is of a later version', '01-0123456789abcdef0123456789abcdef-0123456789abcdef-01'],
    ['has no trace', '00-00000000000000000000000000000000-0123456789abcdef-01'],
    ['has no span', '00-0123456789abcdef0123456789abcdef-0000000000000000-01'],
    ['says that it is not in the sample', '00-0123456789abcdef0123456789abcdef-0123456789abcdef-00'],
    ['has more than that', '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01-x'],
    ['is in capital letters', '00-0123456789ABCDEF0123456789abcdef-0123456789abcdef-01'],
  ])('is not continued where the header %s', (_, header) => {
    expect(tracingTo(new InMemorySpanExporter()).tracing.follow('records', header)).toBeUndefined();
  });

  it('is begun for a share of the registrations', () => {
    let next = 0;
    const random = (): number => (next++ % 100) / 100;
    const { tracing } = tracingTo(new InMemorySpanExporter(), { ratio: 0.05, random });
    expect(
      Array.from({ length: 1_000 }, () => tracing.root('intake.accept')).filter((one) => one !== undefined),
    ).toHaveLength(50);
    const none = tracingTo(new InMemorySpanExporter(), { ratio: 0 }).tracing;
    expect(none.root('intake.accept')).toBeUndefined();
  });

  it('carries words of ours only: any other text becomes "other"', async () => {
    const { exporter, kept } = keeping();
    const { tracing } = tracingTo(exporter);
    for (const text of [
      '560101195001010018',
      '15400000001',
      '测试一',
      'o6_bmjrPTlm6_2sgVt7hMZOPfL2M openid',
      'a b',
      '',
    ]) {
      tracing.root('verification', { provider: text })?.end(text);
    }
    tracing.root('verification', { provider: 'police-1' })?.end('JOURNAL_FULL');
    await tracing.close();
    expect(new Set(kept.slice(0, -1).flatMap(({ attributes }) => Object.values(attributes)))).toEqual(
      new Set(['other']),
    );
    expect(kept.at(-1)?.attributes).toEqual({ 'voucher.provider': 'police-1', 'voucher.outcome': 'JOURNAL_FULL' });
  });

  it('ends its span with the outcome of the work, or with error', async () => {
    const { exporter, kept } = keeping();
    const { tracing } = tracingTo(exporter);
    const root = tracing.root('verification');
    expect(
      await inSpan(
        root,
        'provider.verify',
        {},
        async () => 'match',
        (kind) => kind,
      ),
    ).toBe('match');
    const failing = inSpan(root, 'provider.verify', {}, () => Promise.reject(new Error('张三')), String);
    await expect(failing).rejects.toThrow('张三');
    expect(await inSpan(undefined, 'x', {}, async () => 1, String)).toBe(1);
    await tracing.close();
    expect(kept.map(({ attributes }) => attributes)).toEqual([
      { 'voucher.outcome': 'match' },
      { 'voucher.outcome': 'error' },
    ]);
  });
});

describe('a collector in trouble', () => {
  it('that never answers makes no caller wait: the queue is bounded, and the end of the process too', async () => {
    let sent = 0;
    const silent: SpanExporter = {
      export(spans) {
        sent += spans.length;
      },
      shutdown: async () => undefined,
    };
    const { tracing, counted } = tracingTo(silent);
    const before = performance.now();
    for (let span = 0; span < 20_000; span += 1) tracing.root('intake.accept')?.end('stored');
    const perSpanMs = (performance.now() - before) / 20_000;
    // Not a speed: a wait for the collector would be seconds.
    expect(perSpanMs).toBeLessThan(50);
    await tracing.close();
    expect(await counted('ended')).toBe(20_000);
    expect(sent).toBeLessThan(3_000);
  });

  it('that refuses everything is counted, and nothing is thrown', async () => {
    const refusing: SpanExporter = {
      export: (_, done) => done({ code: 1, error: new Error('503') }),
      shutdown: () => Promise.reject(new Error('503')),
    };
    const { tracing, counted } = tracingTo(refusing);
    tracing.root('intake.accept')?.end('stored');
    await tracing.close();
    expect([await counted('ended'), await counted('failed'), await counted('exported')]).toEqual([1, 1, 0]);
  });
});
