/**
 * Instants as campaigns, plans and annotations write them: one form and one parser, for whoever checks and whoever reads.
 * Pure; imports nothing.
 *
 * The API server's own format `date-time` lets more pass than JavaScript reads, and the two read some of it otherwise:
 *
 * | text                                   | format date-time | Date.parse          | here    |
 * |----------------------------------------|------------------|---------------------|---------|
 * | 2027-03-01T10:00:00+08:00, …Z, ….5Z    | yes              | the same instant    | yes     |
 * | …10:00:00,5Z: a comma, or any sign     | yes              | none                | refused |
 * | 2027-03-01t10:00:00z                   | yes              | the same, by luck   | refused |
 * | ….0001Z: more than milliseconds        | yes              | an earlier one      | refused |
 * | …T24:00:00Z                            | no               | the next day        | refused |
 * | 2027-02-30T10:00:00Z                   | no               | the second of March | refused |
 * | …T23:59:60Z: a leap second             | no               | none                | refused |
 * | …+15:00: an offset that no place has   | yes              | yes                 | refused |
 * | 0000-01-01T00:00:00Z, 9999-12-31T23:59:59-12:00 | yes     | outside of four digits | refused |
 */

/** One of the form, for sentences. */
export const AN_INSTANT = '2027-03-01T10:00:00+08:00';

const FORM =
  '(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,3})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])';

/** Without groups that capture, to be put into a larger one. */
export const INSTANT_SOURCE = FORM.replaceAll('(', '(?:');

/** What an admin may write. The example stands in front for whoever is refused: the API server shows him the pattern. */
export const INSTANT_PATTERN = `^(${AN_INSTANT.replace('+', '[+]')}|${FORM})$`;

export const INSTANT_REMEDY = `write date, time and offset, such as ${AN_INSTANT}, with three decimals of a second at most`;

/** Thrown for text that is no instant. */
export class InstantError extends Error {
  override readonly name = 'InstantError';
  readonly kind = 'InvalidInstant';
}

const WHOLE = new RegExp(`^${INSTANT_SOURCE}$`);

/** Days of that month: the thirtieth of February is none, although it looks like one. */
const isDay = (text: string): boolean => {
  const [year, month, day] = [text.slice(0, 4), text.slice(5, 7), text.slice(8, 10)].map(Number);
  return new Date(Date.UTC(year ?? 0, month ?? 0, 0)).getUTCDate() >= (day ?? 0);
};

/** Milliseconds since the Unix epoch; undefined for text that is none. */
export const parseInstant = (text: string): number | undefined =>
  WHOLE.test(text) && isDay(text) ? Date.parse(text) : undefined;

/** @throws InstantError that says how to write one */
export const instantMs = (text: string): number => {
  const ms = parseInstant(text);
  if (ms === undefined) throw new InstantError(`${JSON.stringify(text)} is not an instant: ${INSTANT_REMEDY}`);
  return ms;
};

/** Of what was written long ago and can't be mended, such as a line of a trail: NaN for text that is none. */
export const instantMsOrNaN = (text: string): number => parseInstant(text) ?? Number.NaN;
