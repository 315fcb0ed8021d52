/** Who is one and the same person, and what one person may have one registration of. docs/normal-form.md says it for people. Pure. */

/** One in all, or one at each channel. */
export const UNIQUENESS = ['perCitizen', 'perCitizenAndChannel'] as const;
export type Uniqueness = (typeof UNIQUENESS)[number];

/** Whose numbers are taken: of every document that carries one of GB 11643, or of resident identity cards alone. */
export const KEY_SPACES = ['residentNumber', 'identityCard'] as const;
export type KeySpace = (typeof KEY_SPACES)[number];
