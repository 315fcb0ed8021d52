/**
 * Citizens who don't exist. Identity numbers pass GB 11643, but belong to no person: no province has the regions 56 to 59
 * (GB/T 2260: Tibet is 54, Shaanxi 61; residence permits use 81 to 83, foreigners' cards 9). Names contain "test". Phones
 * start with 154, a block without subscribers.
 *
 * A (seed, index) is always the same person, and two indices never share a number: order, birth date and region are
 * digits of the index; the county comes from the seed.
 */

export interface Citizen {
  readonly name: string;
  readonly idNumber: string;
  readonly phone: string;
  readonly channel: 'wechat' | 'alipay' | 'unionpay';
  readonly locale: 'zh-CN' | 'en';
}

export const UNUSED_REGIONS = [56, 57, 58, 59] as const;

/** Birth dates: 18,250 days from 1950-01-01 to the end of 1999. All are adults. */
const FIRST_BIRTH_MS = Date.UTC(1950, 0, 1);
const BIRTH_DAYS = 18_250;
const ORDERS = 1000;
export const MAX_CITIZENS = UNUSED_REGIONS.length * BIRTH_DAYS * ORDERS;

/** ISO 7064 MOD 11-2 by Horner's rule. The app uses the standard's table of weights: two independent ways agree. */
export const checkCharacter = (digits17: string): string => {
  const remainder = [...digits17].reduce((sum, digit) => ((sum + Number(digit)) * 2) % 11, 0);
  const check = (12 - remainder) % 11;
  return check === 10 ? 'X' : String(check);
};

const digits = (value: number, width: number): string => String(value).padStart(width, '0');

const HAN_DIGITS = '零一二三四五六七八九';
const han = (index: number): string => [...String(index)].map((digit) => HAN_DIGITS.charAt(Number(digit))).join('');

const CHANNELS = ['wechat', 'wechat', 'wechat', 'alipay', 'alipay', 'unionpay'] as const;

export const citizenOf = (seed: number, index: number): Citizen => {
  if (!Number.isInteger(index) || index < 0 || index >= MAX_CITIZENS) {
    throw new Error(`citizen ${index} does not exist: a run has at most ${MAX_CITIZENS}`);
  }
  const order = index % ORDERS;
  const rest = Math.floor(index / ORDERS);
  // 7919 and 18,250 = 2·5³·73 have no common factor, so all days differ and neighbours are born far apart.
  const day = (rest * 7919 + order * 17) % BIRTH_DAYS;
  const region = UNUSED_REGIONS[Math.floor(rest / BIRTH_DAYS)] ?? UNUSED_REGIONS[0];
  const born = new Date(FIRST_BIRTH_MS + day * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  const digits17 = `${region}${digits(Math.abs(Math.trunc(seed)) % 10_000, 4)}${born}${digits(order, 3)}`;
  return {
    name: `测试${han(index)}`,
    idNumber: digits17 + checkCharacter(digits17),
    phone: `154${digits(index, 8)}`,
    channel: CHANNELS[index % CHANNELS.length] ?? 'wechat',
    locale: index % 20 === 0 ? 'en' : 'zh-CN',
  };
};
