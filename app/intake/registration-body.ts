/** A registration as a phone sends it, checked and normalised. Errors never repeat its values. */
import { z } from 'zod';
import type { LiveSettings } from '../../contract/app-contract.ts';
import { CHANNELS, type Channel } from '../../contract/envelope.ts';
import { ageOn, isOfIdentityCard, parseIdentityNumber } from '../core/identity-number.ts';
import { isName, normalName, normalPhone, normalWord } from '../core/normal-form.ts';
import { type ErrorCode, type FieldError, fieldErrors } from '../http/errors.ts';
import type { SentAssertion } from '../login/check.ts';
import { offeredChannels } from './sections.ts';

const PHONE = /^1[3-9]\d{9}$/;

/** A code word of a fixed list; spaces around it and capital letters do not matter. */
const word = <const Words extends readonly [string, ...string[]]>(...words: Words) =>
  z
    .string()
    .max(64)
    .transform((text) => {
      const plain = normalWord(text);
      return words.find((one) => one.toLowerCase() === plain.toLowerCase()) ?? plain;
    })
    .pipe(z.enum(words));

/** These schemas also describe requests in the API document (app/openapi/document.ts); `meta` is for it alone. */
const personal = {
  name: z
    .string()
    .max(200)
    .transform(normalName)
    .meta({ description: '2 to 50 letters, as on the identity document.' }),
  idType: word('CN_ID').meta({ description: 'CN_ID.' }),
  idNumber: z.string().max(64).meta({ description: 'Number of the identity document, 18 characters.' }),
  phone: z.string().max(64).transform(normalPhone).meta({ description: 'Mobile number of mainland China, 11 digits.' }),
};

const channel = word(...CHANNELS).meta({
  description: 'App in which the voucher is issued: wechat, alipay or unionpay, as the campaign offers them.',
  examples: ['wechat'],
});

/** A JWS of a few hundred characters, and what the page hashed for it. */
export const sentAssertion = z.strictObject({
  assertion: z.string().min(1).max(2_048).meta({ description: 'As the login returned it.' }),
  nonce: z
    .string()
    .regex(/^[\w-]{16,128}$/)
    .meta({ description: 'The random text whose SHA-256 was the challenge of the login.' }),
});

export const registrationBody = z.strictObject({
  ...personal,
  channel,
  // Names of vouchers are DNS labels.
  category: z
    .string()
    .max(128)
    .transform(normalWord)
    .pipe(z.string().min(1).max(63))
    .meta({ description: 'Name of a voucher of the campaign.' }),
  consent: z.strictObject({
    // It is not sealed: long enough for a date, too short for a phone or an identity number.
    policyVersion: z
      .string()
      .max(64)
      .transform(normalWord)
      .pipe(z.string().regex(/^[\w.-]{1,10}$/))
      .meta({ description: 'Version of the privacy policy that the citizen read.' }),
    sensitive: z.literal(true).meta({ description: 'Agreement to the processing of sensitive personal data.' }),
  }),
  locale: word('zh-CN', 'en').default('zh-CN').meta({ description: 'Language of messages: zh-CN or en.' }),
  identity: sentAssertion
    .exactOptional()
    .meta({ description: 'Of the city’s login: the identity needs no other check.' }),
  account: sentAssertion
    .exactOptional()
    .meta({ description: 'Of a channel’s login: the account in which the voucher is issued.' }),
});

/** What is sealed. In normal form, see core/normal-form.ts: different spellings are equal here. */
export interface Personal {
  readonly name: string;
  readonly idType: 'CN_ID';
  /** Normalised, 18 characters. */
  readonly idNumber: string;
  readonly phone: string;
}

export interface Registration extends Personal {
  readonly channel: Channel;
  readonly category: string;
  readonly policyVersion: string;
  readonly locale: 'zh-CN' | 'en';
  readonly identity?: SentAssertion;
  readonly account?: SentAssertion;
}

const CODE_OF: Readonly<Record<string, ErrorCode>> = {
  name: 'NAME_INVALID',
  idType: 'ID_TYPE_INVALID',
  idNumber: 'ID_FORMAT',
  phone: 'PHONE_INVALID',
  channel: 'CHANNEL_INVALID',
  category: 'CATEGORY_UNKNOWN',
  locale: 'LOCALE_INVALID',
  consent: 'CONSENT_REQUIRED',
  'consent.sensitive': 'CONSENT_REQUIRED',
};

/** A field's name is shown only if it can't be a value: a client may send an identity number as a key. */
const shownField = (path: readonly PropertyKey[]): string =>
  path.map((part) => (/^[A-Za-z_]{1,32}$/.test(String(part)) ? String(part) : '?')).join('.');

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (inner, part) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, part) : undefined),
    value,
  );

/** A body of 4 kB can have six hundred unknown keys, and the answer would be twenty times as long. */
const MAX_FIELD_ERRORS = 16;

const fieldErrorsOf = (error: z.ZodError, value: unknown): readonly FieldError[] =>
  error.issues.slice(0, MAX_FIELD_ERRORS).flatMap((issue): readonly FieldError[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys
        .slice(0, MAX_FIELD_ERRORS)
        .map((key) => ({ field: shownField([...issue.path, key]), code: 'UNKNOWN_FIELD' }));
    }
    const field = shownField(issue.path);
    if (issue.path.length === 0) return [{ field: '', code: 'INVALID' }];
    if (valueAt(value, issue.path) === undefined)
      return [{ field, code: field.startsWith('consent') ? 'CONSENT_REQUIRED' : 'REQUIRED' }];
    return [{ field, code: CODE_OF[field] ?? 'INVALID' }];
  });

/**
 * All stored fields, in an order that never changes: they distinguish a repeat from another body under the same key. Assertions are left
 * out: a citizen who logs in again and repeats the request sends the same registration.
 */
export const fieldsOf = (registration: Registration): readonly string[] => {
  const { name, idType, idNumber, phone, channel, category, policyVersion, locale } = registration;
  return [name, idType, idNumber, phone, channel, category, policyVersion, locale];
};

const shaped = <Shape>(schema: z.ZodType<Shape>, value: unknown): Shape => {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw fieldErrors(fieldErrorsOf(parsed.error, value));
  return parsed.data;
};

const wrongOf = ({ name, phone }: Pick<Personal, 'name' | 'phone'>): readonly FieldError[] => [
  ...(isName(name) ? [] : [{ field: 'name', code: 'NAME_INVALID' } as const]),
  ...(PHONE.test(phone) ? [] : [{ field: 'phone', code: 'PHONE_INVALID' } as const]),
];

/** @throws ApiError with every wrong field, at most 16 */
export const parseRegistration = (value: unknown, settings: LiveSettings, nowMs: number): Registration => {
  const { idNumber: rawId, consent, ...rest } = shaped(registrationBody, value);
  const id = parseIdentityNumber(rawId, nowMs);
  const wrong = [...wrongOf(rest)];
  if (!settings.vouchers.some((voucher) => voucher.name === rest.category)) {
    wrong.push({ field: 'category', code: 'CATEGORY_UNKNOWN' });
  }
  if (!offeredChannels(settings).includes(rest.channel)) wrong.push({ field: 'channel', code: 'CHANNEL_NOT_OFFERED' });
  if (id.kind === 'invalid') wrong.push({ field: 'idNumber', code: id.code });
  else if (settings.identity.keySpace === 'identityCard' && !isOfIdentityCard(id.normalised)) {
    wrong.push({ field: 'idNumber', code: 'ID_NOT_TAKEN' });
  } else if (ageOn(id.birthDate, nowMs) < settings.eligibility.minAge) {
    wrong.push({ field: 'idNumber', code: 'NOT_ELIGIBLE_AGE' });
  }
  if (wrong.length > 0 || id.kind === 'invalid') throw fieldErrors(wrong);
  return { ...rest, idNumber: id.normalised, policyVersion: consent.policyVersion };
};

/** The assertion of an account, for a registration that is stored already. @throws ApiError */
export const parseAccount = (value: unknown): SentAssertion => shaped(sentAssertion, value);

export const changeOfChannel = z.strictObject({ channel });
export const correction = z.strictObject(personal);

/** What a PATCH asks for: another channel, or the personal fields anew, all of them. */
export type RequestedChange =
  | { readonly kind: 'channel'; readonly channel: Channel }
  | { readonly kind: 'correction'; readonly personal: Personal };

/** @throws ApiError with every wrong field */
export const parseChange = (value: unknown, settings: LiveSettings, nowMs: number): RequestedChange => {
  if (valueAt(value, ['channel']) !== undefined) {
    const { channel } = shaped(changeOfChannel, value);
    if (!offeredChannels(settings).includes(channel))
      throw fieldErrors([{ field: 'channel', code: 'CHANNEL_NOT_OFFERED' }]);
    return { kind: 'channel', channel };
  }
  const { idNumber, ...rest } = shaped(correction, value);
  const id = parseIdentityNumber(idNumber, nowMs);
  const wrong = [...wrongOf(rest)];
  if (id.kind === 'invalid') wrong.push({ field: 'idNumber', code: id.code });
  if (wrong.length > 0 || id.kind === 'invalid') throw fieldErrors(wrong);
  return { kind: 'correction', personal: { ...rest, idNumber: id.normalised } };
};
