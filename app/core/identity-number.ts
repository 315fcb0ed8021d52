/**
 * Resident identity numbers, GB 11643-1999: region(6) birth date(8) order(3) check(1). The check character weighs the
 * first 17 digits and is ISO 7064 MOD 11-2. Worked example, the standard's own: 11010519491231002X has the weighted
 * sum 167; 167 mod 11 = 2; character 2 of `10X98765432` is X.
 *
 * Residence permits of Hong Kong, Macao and Taiwan residents (regions 81, 82, 83) follow the same rules.
 */

import { normalIdNumber } from './normal-form.ts';

export type ParsedIdentityNumber =
  | {
      readonly kind: 'valid';
      /** 17 digits and a digit or capital X. */
      readonly normalised: string;
      /** `YYYY-MM-DD` */
      readonly birthDate: string;
    }
  | { readonly kind: 'invalid'; readonly code: 'ID_FORMAT' | 'ID_CHECKSUM' | 'ID_BIRTHDATE' };

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] as const;
const CHECK_CHARACTERS = '10X98765432';
const EARLIEST_BIRTH_YEAR = 1900;
/** China has one time zone and no daylight saving time. */
const CHINA_OFFSET_MS = 8 * 3_600_000;

const checkCharacter = (digits17: string): string =>
  CHECK_CHARACTERS.charAt(WEIGHTS.reduce((sum, weight, i) => sum + weight * Number(digits17[i]), 0) % 11);

/** @param digits17 all but the last character */
export const withCheckCharacter = (digits17: string): string => `${digits17}${checkCharacter(digits17)}`;

/** Date in China, `YYYY-MM-DD`. */
const chinaDate = (atMs: number): string => new Date(atMs + CHINA_OFFSET_MS).toISOString().slice(0, 10);

const realDate = (yyyymmdd: string): string | undefined => {
  const date = `${yyyymmdd.slice(0, 4)}-${yyyymmdd.slice(4, 6)}-${yyyymmdd.slice(6, 8)}`;
  const parsed = new Date(`${date}T00:00:00Z`);
  // 2021-02-30 parses as an invalid date or as 2 March, depending on the engine: only the round trip proves it.
  return Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== date ? undefined : date;
};

export const parseIdentityNumber = (raw: string, nowMs: number): ParsedIdentityNumber => {
  const normalised = normalIdNumber(raw);
  if (!/^[1-9]\d{16}[\dX]$/.test(normalised)) return { kind: 'invalid', code: 'ID_FORMAT' };
  if (checkCharacter(normalised.slice(0, 17)) !== normalised.at(17)) return { kind: 'invalid', code: 'ID_CHECKSUM' };
  const birthDate = realDate(normalised.slice(6, 14));
  if (birthDate === undefined || Number(birthDate.slice(0, 4)) < EARLIEST_BIRTH_YEAR || birthDate > chinaDate(nowMs)) {
    return { kind: 'invalid', code: 'ID_BIRTHDATE' };
  }
  return { kind: 'valid', normalised, birthDate };
};

/**
 * Whether a number in normal form is of a resident identity card: not of a residence permit (81 to 83), nor of a foreigner's card
 * (9). There is no list of regions, because valid numbers contain region codes that no longer exist.
 */
export const isOfIdentityCard = (normalised: string): boolean => !/^(8[123]|9)/.test(normalised);

/** Completed years on that day in China: a person is 18 on the 18th birthday. */
export const ageOn = (birthDate: string, nowMs: number): number => {
  const today = chinaDate(nowMs);
  const years = Number(today.slice(0, 4)) - Number(birthDate.slice(0, 4));
  return today.slice(5) < birthDate.slice(5) ? years - 1 : years;
};
