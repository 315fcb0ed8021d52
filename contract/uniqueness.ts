/** How a person is identified, and how many registrations of a person count; docs/normal-form.md explains it. Pure. */

/** One in all, or one for each channel. */
export const UNIQUENESS = ['perCitizen', 'perCitizenAndChannel'] as const;
export type Uniqueness = (typeof UNIQUENESS)[number];

/** Accepted numbers: of every document with a number of GB 11643, or of resident identity cards only. */
export const KEY_SPACES = ['residentNumber', 'identityCard'] as const;
export type KeySpace = (typeof KEY_SPACES)[number];
