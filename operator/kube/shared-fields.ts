/**
 * Sets of owned fields are as large as what they are about, and the same for the same object of every campaign but for the
 * owner's uid: each part is kept once.
 */
import { isRecord, type Owned } from './owned-fields.ts';

/** A few versions of this program and of the API server; more is no longer the same over and over. */
const MOST = 1_000;
const known = new Map<string, unknown>();

const shared = (part: unknown): unknown => {
  const text = JSON.stringify(part);
  const there = known.get(text);
  if (there !== undefined) return there;
  if (known.size < MOST) known.set(text, part);
  return part;
};

/** Equal to `fields`, and its parts are those of the ones before it. An owner's uid is a part of its own, and not kept. */
export const sharedFields = (fields: Owned): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([key, part]) => {
      if (key === 'f:ownerReferences') return [key, part];
      return [key, key === 'f:metadata' && isRecord(part) ? sharedFields(part) : shared(part)];
    }),
  );
