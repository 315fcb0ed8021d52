/** What triggers of contingency levels remember, as it survives in `status.contingencyMemory`: JSON, and never trusted. */
import { z } from 'zod';
import { defined } from '../../contract/defined.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { LevelMemory } from './level.ts';

/** By name of the level; a level without memory is absent. */
export type ContingencyMemory = ReadonlyMap<string, LevelMemory>;

const NOTHING: ContingencyMemory = new Map();
const instantMs = z.number().int().nonnegative();

/** Short names: eight levels fit into the schema's bound. */
const levelSchema = z.object({
  s: instantMs.optional(),
  /** Triggered: [when, by what value]. */
  t: z.tuple([instantMs, z.number()]).optional(),
  /** Held: [for how long, last seen]. */
  h: z.tuple([z.number().nonnegative(), instantMs]).optional(),
  d: z.literal(1).optional(),
});
const memorySchema = z.object({ v: z.literal(1), levels: z.record(z.string().max(40), levelSchema) });

export const serializeContingencyMemory = (memory: ContingencyMemory): string | undefined => {
  const entries = [...memory].map(([name, { sinceMs, triggered, held, isDisarmed }]) => [
    name,
    {
      // JSON leaves out what is undefined.
      s: sinceMs,
      t: triggered && [triggered.atMs, triggered.value],
      h: held && [held.ms, held.seenMs],
      d: isDisarmed && 1,
    },
  ]);
  return entries.length === 0 ? undefined : JSON.stringify({ v: 1, levels: Object.fromEntries(entries) });
};

export const parseContingencyMemory = (text: string | undefined): ContingencyMemory => {
  const parsed = parseUntrusted(memorySchema, text);
  if (parsed === undefined) return NOTHING;
  const levelOf = ({ s, t, h, d }: z.infer<typeof levelSchema>): LevelMemory =>
    defined({
      sinceMs: s,
      triggered: t && { atMs: t[0], value: t[1] },
      held: h && { ms: h[0], seenMs: h[1] },
      isDisarmed: d && (true as const),
    });
  return new Map(Object.entries(parsed.levels).map(([name, level]) => [name, levelOf(level)]));
};
