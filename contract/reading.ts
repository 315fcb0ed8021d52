/**
 * A metric with its age. "No data" is a value, never zero. `fresh`: the source answered within the tick and its own clock
 * advanced. `stale`: the last value, too old to scale down by. `absent`: never seen.
 */
export type Reading<T> =
  | { readonly kind: 'fresh'; readonly value: T; readonly atMs: number }
  | { readonly kind: 'stale'; readonly value: T; readonly atMs: number }
  | { readonly kind: 'absent' };

export interface Backlog {
  /** num_pending + num_ack_pending, summed over shards, answered by the consumer leaders. */
  readonly messages: number;
  /** Age of the oldest unprocessed message; undefined when there is none or it is unknown. */
  readonly oldestSeconds?: number;
}
