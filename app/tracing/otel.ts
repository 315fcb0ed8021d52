/**
 * Traces by the OpenTelemetry SDK, sent to a collector by OTLP over HTTP. Imported only where an installation names one.
 *
 * A collector that is slow or away costs no answer its time: finished spans wait in a queue of MOST_WAITING, whose surplus is dropped, and a
 * timer sends them. `voucher_trace_spans_total` says what became of them.
 */
import { type Context, context, type Span as OtelSpan, TraceFlags, type Tracer, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Registry } from 'prom-client';
import { metric } from '../../contract/metrics/metrics.ts';
import { counter } from '../../runtime/metrics.ts';
import type { Span, SpanFacts, Tracing } from './spans.ts';

export interface TracingOptions {
  /** Base address of a collector, such as `http://collector.monitoring.svc:4318`. */
  readonly endpoint: string;
  /** Share of registrations that are traced, 0 to 1. */
  readonly ratio: number;
  readonly role: string;
  readonly podName: string;
  readonly campaignId: string;
  readonly registry: Registry;
  /** [0, 1) */
  readonly random?: () => number;
  /** Instead of the one that sends to `endpoint`. */
  readonly exporter?: SpanExporter;
}

const MOST_WAITING = 1_024;
const BATCH = 256;
const SEND_EVERY_MS = 2_000;
const SENT_WITHIN_MS = 5_000;
/** The last spans of a process that ends, which has other work to finish. */
const CLOSED_WITHIN_MS = 2_000;

/** A word of ours: a code, a name of the spec. Anything else is not written, whatever it is. */
const WORD = /^[A-Za-z][A-Za-z0-9_.-]{0,39}$/;
const wordOr = (text: string): string => (WORD.test(text) ? text : 'other');

const attributesOf = ({ provider, ...numbers }: SpanFacts): Record<string, string | number | boolean> =>
  Object.fromEntries(
    Object.entries({ ...numbers, ...(provider === undefined ? {} : { provider: wordOr(provider) }) }).map(
      ([name, value]) => [`voucher.${name}`, value],
    ),
  );

/** `00-<trace>-<span>-01`; other flags say that the trace is not in the sample. */
const TRACEPARENT = /^00-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-01$/;

const NONE: Context = trace.deleteSpan(context.active());

const parentOf = (traceparent: string | undefined): Context | undefined => {
  const [, traceId, spanId] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  return trace.setSpanContext(NONE, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
};

/** @throws nothing: an address that can't be reached is found when spans are sent */
export const createTracing = (options: TracingOptions): Tracing => {
  const { endpoint, ratio, role, podName, campaignId, registry, random = Math.random } = options;
  const spans = counter(registry, metric('voucher_trace_spans_total'));
  const exporter =
    options.exporter ??
    new OTLPTraceExporter({
      url: new URL('v1/traces', endpoint.endsWith('/') ? endpoint : `${endpoint}/`).href,
      timeoutMillis: SENT_WITHIN_MS,
    });
  const counted: SpanExporter = {
    export: (batch, done) =>
      exporter.export(batch, (result) => {
        spans.inc({ outcome: result.code === 0 ? 'exported' : 'failed' }, batch.length);
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  };
  const batches = new BatchSpanProcessor({
    exporter: counted,
    maxQueueSize: MOST_WAITING,
    maxExportBatchSize: BATCH,
    scheduledDelayMillis: SEND_EVERY_MS,
    exportTimeoutMillis: SENT_WITHIN_MS,
  });
  const processor: SpanProcessor = {
    onStart: (span, parent) => batches.onStart(span, parent),
    onEnd(span) {
      spans.inc({ outcome: 'ended' });
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': `voucher-${role}`,
      'service.instance.id': podName,
      'voucher.campaign': campaignId,
    }),
    spanProcessors: [processor],
  });
  const tracer: Tracer = provider.getTracer('voucher-operator');

  const spanOf = (span: OtelSpan): Span => {
    const { traceId, spanId } = span.spanContext();
    return {
      traceparent: `00-${traceId}-${spanId}-01`,
      child: (name, facts = {}) => begin(name, trace.setSpan(NONE, span), facts),
      end(outcome, facts = {}) {
        span.setAttributes({ 'voucher.outcome': wordOr(outcome), ...attributesOf(facts) });
        span.end();
      },
    };
  };
  const begin = (name: string, parent: Context, facts: SpanFacts): Span =>
    spanOf(tracer.startSpan(name, { attributes: attributesOf(facts) }, parent));

  return {
    root: (name, facts = {}) => (random() < ratio ? begin(name, NONE, facts) : undefined),
    follow(name, traceparent, facts = {}) {
      const parent = parentOf(traceparent);
      return parent && begin(name, parent, facts);
    },
    async close() {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, CLOSED_WITHIN_MS);
      await Promise.race([provider.shutdown().catch(() => undefined), promise]);
      clearTimeout(timer);
    },
  };
};
