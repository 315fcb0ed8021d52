/** Events of Kubernetes on a campaign. Pure. */
import { z } from 'zod';

export interface SeenEvent {
  readonly atMs: number;
  readonly type: string;
  readonly reason: string;
  readonly note: string;
}

const eventSchema = z.looseObject({
  eventTime: z.string().nullish(),
  deprecatedLastTimestamp: z.string().nullish(),
  metadata: z.looseObject({ creationTimestamp: z.string().nullish() }),
  series: z.looseObject({ lastObservedTime: z.string() }).nullish(),
  type: z.string().default('Normal'),
  reason: z.string().default(''),
  note: z.string().default(''),
});

export const seenEvent = (raw: unknown): SeenEvent => {
  const { eventTime, deprecatedLastTimestamp, metadata, series, type, reason, note } = eventSchema.parse(raw);
  const at = series?.lastObservedTime ?? eventTime ?? deprecatedLastTimestamp ?? metadata.creationTimestamp ?? '';
  return { atMs: Date.parse(at), type, reason, note };
};
