/** Traces in memory: every span that ended, with the header of its parent. */
import type { Span, SpanFacts, Tracing } from '../../app/tracing/spans.ts';

export interface EndedSpan {
  readonly name: string;
  readonly parent: string | undefined;
  readonly outcome: string;
  readonly facts: SpanFacts;
}

export const fakeTracing = (): Tracing & { readonly ended: readonly EndedSpan[] } => {
  const ended: EndedSpan[] = [];
  let spans = 0;
  const begin = (name: string, parent: string | undefined, facts: SpanFacts = {}): Span => {
    spans += 1;
    const traceparent = `00-${'a'.repeat(32)}-${spans.toString(16).padStart(16, '0')}-01`;
    return {
      traceparent,
      child: (inner, more) => begin(inner, traceparent, more),
      end: (outcome, more = {}) => void ended.push({ name, parent, outcome, facts: { ...facts, ...more } }),
    };
  };
  return {
    ended,
    root: (name, facts) => begin(name, undefined, facts),
    follow: (name, traceparent, facts) => (traceparent === undefined ? undefined : begin(name, traceparent, facts)),
    close: async () => undefined,
  };
};
