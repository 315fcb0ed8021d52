/** A registration as a phone sends it, checked and normalised. Nothing of it is ever repeated in an error. */
import { z } from 'zod';
import type { LiveSettings } from '../../operator/api/app-contract.ts';
import { ageOn, parseIdentityNumber } from '../core/identity-number.ts';
import { type ErrorCode, type FieldError, fieldErrors } from './errors.ts';

/** Han, with the rare ones beyond the basic plane, other scripts, and the dots and hyphens within names. */
const NAME = /^\p{L}[\p{L}\p{M}·•・.\-' ]{1,49}$/u;
const PHONE = /^1[3-9]\d{9}$/;

const body = z.strictObject({
  name: z.string().max(200),
  idType: z.literal('CN_ID'),
  idNumber: z.string().max(64),
  phone: z.string().max(32),
  channel: z.enum(['wechat', 'alipay', 'unionpay']),
  category: z.string().min(1).max(63),
  consent: z.strictObject({
    // It travels unsealed: long enough for a date, too short for a phone or an identity number.
    policyVersion: z.string().regex(/^[\w.-]{1,10}$/),
    sensitive: z.literal(true),
  }),
  locale: z.enum(['zh-CN', 'en']).default('zh-CN'),
});

export interface Registration {
  readonly name: string;
  readonly idType: 'CN_ID';
  /** Normalised, 18 characters. */
  readonly idNumber: string;
  readonly phone: string;
  readonly channel: 'wechat' | 'alipay' | 'unionpay';
  readonly category: string;
  readonly policyVersion: string;
  readonly locale: 'zh-CN' | 'en';
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

/** A field's name is shown only when it can't be a value: somebody may send an identity number as a key. */
const shownField = (path: readonly PropertyKey[]): string =>
  path.map((part) => (/^[A-Za-z_]{1,32}$/.test(String(part)) ? String(part) : '?')).join('.');

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (inner, part) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, part) : undefined),
    value,
  );

const fieldErrorsOf = (error: z.ZodError, value: unknown): readonly FieldError[] =>
  error.issues.flatMap((issue): readonly FieldError[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ field: shownField([...issue.path, key]), code: 'UNKNOWN_FIELD' }));
    }
    const field = shownField(issue.path);
    if (issue.path.length === 0) return [{ field: '', code: 'INVALID' }];
    if (valueAt(value, issue.path) === undefined)
      return [{ field, code: field.startsWith('consent') ? 'CONSENT_REQUIRED' : 'REQUIRED' }];
    return [{ field, code: CODE_OF[field] ?? 'INVALID' }];
  });

/** As typed on a phone: full-width digits, spaces, dashes, the country's prefix. */
const normalisePhone = (raw: string): string =>
  raw
    .normalize('NFKC')
    .replace(/[\s-]/g, '')
    .replace(/^(\+|00)86/, '');

/** @throws ApiError with every wrong field */
export const parseRegistration = (value: unknown, settings: LiveSettings, nowMs: number): Registration => {
  const parsed = body.safeParse(value);
  if (!parsed.success) throw fieldErrors(fieldErrorsOf(parsed.error, value));
  const { name: rawName, phone: rawPhone, idNumber: rawId, consent, ...rest } = parsed.data;
  const name = rawName.normalize('NFC').trim();
  const phone = normalisePhone(rawPhone);
  const id = parseIdentityNumber(rawId, nowMs);
  const wrong: FieldError[] = [];
  if (!NAME.test(name)) wrong.push({ field: 'name', code: 'NAME_INVALID' });
  if (!PHONE.test(phone)) wrong.push({ field: 'phone', code: 'PHONE_INVALID' });
  if (!settings.vouchers.some((voucher) => voucher.name === rest.category)) {
    wrong.push({ field: 'category', code: 'CATEGORY_UNKNOWN' });
  }
  if (id.kind === 'invalid') wrong.push({ field: 'idNumber', code: id.code });
  else if (ageOn(id.birthDate, nowMs) < settings.eligibility.minAge) {
    wrong.push({ field: 'idNumber', code: 'NOT_ELIGIBLE_AGE' });
  }
  if (wrong.length > 0 || id.kind === 'invalid') throw fieldErrors(wrong);
  return { ...rest, name, phone, idNumber: id.normalised, policyVersion: consent.policyVersion };
};
