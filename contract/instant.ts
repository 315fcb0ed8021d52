/**
 * Instants as campaigns, plans and annotations write them: one form that may be written, and one parser that also reads older
 * ones. Pure; imports nothing.
 *
 * The API server's format `date-time` accepts more than JavaScript reads, and the two read some texts differently. A stored
 * instant with only one possible meaning is read: an upgrade must not stop a running campaign.
 *
 * | text                                   | format date-time | Date.parse          | may be written | is read |
 * |----------------------------------------|------------------|---------------------|----------------|---------|
 * | 2027-03-01T10:00:00+08:00, …Z, ….5Z    | yes              | the same instant    | yes            | yes     |
 * | ….000000Z: up to nine decimals, as Python and Go write | yes | an earlier one   | no             | cut to ms |
 * | 2027-03-01t10:00:00z                   | yes              | the same, by luck   | no             | yes     |
 * | …10:00:00,5Z: a comma, or any sign     | yes              | none                | no             | no      |
 * | …T24:00:00Z                            | no               | the next day        | no             | no      |
 * | 2027-02-30T10:00:00Z                   | no               | the second of March | no             | no      |
 * | …T23:59:60Z: a leap second             | no               | none                | no             | no      |
 * | …+15:00: an offset that no place has   | yes              | yes                 | no             | no      |
 * | 0000-01-01T00:00:00Z, 9999-12-31T23:59:59-12:00 | yes     | outside of four digits | no          | no      |
 */

/** Example for sentences. */
export const AN_INSTANT = '2027-03-01T10:00:00+08:00';

const FORM =
  '(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,3})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])';

/** What is read, without capturing groups, as a part of a larger pattern. */
export const INSTANT_SOURCE = FORM.replace('{1,3}', '{1,9}')
  .replace('T', '[Tt]')
  .replace('(Z|', '([Zz]|')
  .replaceAll('(', '(?:');

/** What an admin may write. It begins with an example, because the API server shows the pattern when it refuses a text. */
export const INSTANT_PATTERN = `^(${AN_INSTANT.replace('+', '[+]')}|${FORM})$`;

export const INSTANT_REMEDY = `write date, time and offset, such as ${AN_INSTANT}, with three decimals of a second at most`;

/** Thrown for text that is no instant. */
export class InstantError extends Error {
  override readonly name = 'InstantError';
  readonly kind = 'InvalidInstant';
}

const WHOLE = new RegExp(`^${INSTANT_SOURCE}$`);

/** Whether the month has that day: 30 February has the right form, but does not exist. */
const isDay = (text: string): boolean => {
  const [year, month, day] = [text.slice(0, 4), text.slice(5, 7), text.slice(8, 10)].map(Number);
  return new Date(Date.UTC(year ?? 0, month ?? 0, 0)).getUTCDate() >= (day ?? 0);
};

/** Decimals beyond the third, which Date.parse need not read. */
const BEYOND_MS = /([.][0-9]{3})[0-9]+/;

/** Milliseconds since the Unix epoch, finer decimals cut; undefined for text that is none. */
export const parseInstant = (text: string): number | undefined =>
  WHOLE.test(text) && isDay(text) ? Date.parse(text.toUpperCase().replace(BEYOND_MS, '$1')) : undefined;

/** @throws InstantError that says how to write one */
export const instantMs = (text: string): number => {
  const ms = parseInstant(text);
  if (ms === undefined) throw new InstantError(`${JSON.stringify(text)} is not an instant: ${INSTANT_REMEDY}`);
  return ms;
};

/** For text that can't be corrected any more, such as a line of a trail: NaN where it is no instant. */
export const instantMsOrNaN = (text: string): number => parseInstant(text) ?? Number.NaN;
