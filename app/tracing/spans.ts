/**
 * Traces of single registrations: what an intake, a records, a verification and an issuance pod did with one message, and how long it took.
 * Off unless the installation names a collector; the code that uses them checks one constant then.
 *
 * | span                       | begins a trace    | parent |
 * |----------------------------|-------------------|--------|
 * | `intake.accept`            | yes, sampled      | none: a header that a client sends is not used |
 * | `journal.publish`          | no                | the span that publishes |
 * | `records`, `verification`  | no                | the message's header `traceparent` |
 * | `issuance`                 | yes, sampled      | the header, if there is one: `won` and `promoted` have none, because weeks lie between |
 * | `issuance_<channel>`       | no                | the header of the `issuing` fact |
 * | `provider.verify`, `channel.issue`, `channel.query` | no | the span of the message |
 *
 * The context travels in a header of the message (W3C Trace Context), never in the fact: a fact is kept, and compared byte by byte.
 */

/** All that a span may carry: places and outcomes, and nothing that a citizen has sent (app/tracing/otel.ts filters the texts). */
export interface SpanFacts {
  readonly shard?: number;
  readonly attempts?: number;
  readonly deliveries?: number;
  readonly duplicate?: boolean;
  /** Name of a provider in the spec. */
  readonly provider?: string;
}

export interface Span {
  /** For a message's header. */
  readonly traceparent: string;
  child(name: string, facts?: SpanFacts): Span;
  /** Once. @param outcome a code of ours, such as `stored` */
  end(outcome: string, facts?: SpanFacts): void;
}

export interface Tracing {
  /** A new trace. Undefined: it is not in the sample. */
  root(name: string, facts?: SpanFacts): Span | undefined;
  /** The next span of a message's trace. Undefined: its header is missing, not valid, or says that it is not in the sample. */
  follow(name: string, traceparent: string | undefined, facts?: SpanFacts): Span | undefined;
  /** Sends what is left, for a limited time. Never rejects. */
  close(): Promise<void>;
}

/** Runs `work` in a child span, which ends with its outcome, or with `error`. */
export const inSpan = async <T>(
  parent: Span | undefined,
  name: string,
  facts: SpanFacts,
  work: () => Promise<T>,
  outcomeOf: (result: T) => string,
): Promise<T> => {
  if (parent === undefined) return work();
  const span = parent.child(name, facts);
  try {
    const result = await work();
    span.end(outcomeOf(result));
    return result;
  } catch (error) {
    span.end('error');
    throw error;
  }
};
