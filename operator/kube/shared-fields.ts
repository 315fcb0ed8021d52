/** Sets of owned fields are large, and the same for the same object of every campaign, except for the owner's uid: each part is kept once. */
import { isRecord, type Owned } from './owned-fields.ts';

/** A few versions of this program and of the API server. */
const MOST = 1_000;
const known = new Map<string, unknown>();

const shared = (part: unknown): unknown => {
  const text = JSON.stringify(part);
  const there = known.get(text);
  if (there !== undefined) return there;
  if (known.size < MOST) known.set(text, part);
  return part;
};

/** Equal to `fields`, from shared parts. The part with an owner's uid is not kept. */
export const sharedFields = (fields: Owned): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([key, part]) => {
      if (key === 'f:ownerReferences') return [key, part];
      return [key, key === 'f:metadata' && isRecord(part) ? sharedFields(part) : shared(part)];
    }),
  );
