/**
 * The error codes of each operation. A test that meets another code fails (test/helpers/documented-answers.ts), and so does a code of
 * app/http/errors.ts that no operation has.
 */
import type { ErrorCode } from '../http/errors.ts';
import type { ErrorsOf } from './problems.ts';

const ofBody = ['BAD_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'INVALID_FIELDS'] as const;
const ofAnyField = ['REQUIRED', 'UNKNOWN_FIELD', 'INVALID'] as const;
const ofPerson = [
  'NAME_INVALID',
  'PHONE_INVALID',
  'ID_TYPE_INVALID',
  'ID_FORMAT',
  'ID_CHECKSUM',
  'ID_BIRTHDATE',
] as const;
const ofChannel = ['CHANNEL_INVALID', 'CHANNEL_NOT_OFFERED'] as const;
const ofAssertion = [
  'LOGIN_NOT_OFFERED',
  'ASSERTION_INVALID',
  'ASSERTION_EXPIRED',
  'ASSERTION_OTHER_CAMPAIGN',
  'ASSERTION_WRONG_NONCE',
  'ASSERTION_USED',
  'ACCOUNT_TAKEN',
  'ACCOUNT_CHANNEL',
] as const;
const ofLoad = ['STARTING', 'OVERLOADED'] as const;
const ofReceipt = ['NOT_FOUND', 'RECEIPT_UNKNOWN', 'PERSONAL_DATA_DESTROYED'] as const;
/** Of what is changed with receipt and secret. */
const ofChange = [
  ...ofReceipt,
  ...ofLoad,
  'REGISTRATION_PAUSED',
  'TOO_MANY_CHANGES',
  'CHANGE_UNCONFIRMED',
  'WITHDRAWN',
  'SUPERSEDED',
  'ERASED',
  'CHANGED_MEANWHILE',
] as const;
const ofQueue = ['NOT_FOUND', ...ofLoad, 'REGISTRATION_PAUSED', 'NOT_OPEN', 'CLOSED'] as const;
const ofLogin = ['NOT_FOUND', ...ofLoad, 'REGISTRATION_PAUSED', 'LOGIN_UNAVAILABLE'] as const;

export const ERRORS_OF = {
  register: {
    codes: [
      ...ofBody,
      ...ofLoad,
      'IDEMPOTENCY_KEY_REQUIRED',
      'IDEMPOTENCY_KEY_INVALID',
      'IDEMPOTENCY_MISMATCH',
      'NOT_OPEN',
      'CLOSED',
      'CANARY_INVALID',
      'REGISTRATION_PAUSED',
      'ADMISSION_LIMITED',
      'QUEUE_CLOSED',
      'JOURNAL_BUSY',
      'JOURNAL_FULL',
      'JOURNAL_UNAVAILABLE',
      // With a registration that is repeated with an account.
      'CHANGE_UNCONFIRMED',
      'CHANGED_MEANWHILE',
      'NO_ACCOUNT_CHANGE_LEFT',
      'TOO_MANY_CHANGES',
      'TOO_MANY_REQUESTS',
    ],
    fields: [
      ...ofAnyField,
      ...ofPerson,
      ...ofChannel,
      'ID_NOT_TAKEN',
      'NOT_ELIGIBLE_AGE',
      'CATEGORY_UNKNOWN',
      'LOCALE_INVALID',
      'CONSENT_REQUIRED',
      ...ofAssertion,
      'ASSERTION_DIFFERS',
    ],
  },
  showReceipt: { codes: [...ofReceipt, 'OVERLOADED'] },
  change: {
    codes: [
      ...ofBody,
      ...ofChange,
      'LIST_FROZEN',
      'NOT_REJECTED',
      'NO_CORRECTION_LEFT',
      'NO_CHANNEL_CHANGE_LEFT',
      'CHANNEL_FIXED',
      'UNCHANGED',
    ],
    fields: [...ofAnyField, ...ofPerson, ...ofChannel, 'ID_NOT_CORRECTABLE'],
  },
  withdraw: {
    codes: [...ofReceipt, ...ofLoad, 'REGISTRATION_PAUSED', 'TOO_MANY_CHANGES', 'CHANGE_UNCONFIRMED', 'LIST_FROZEN'],
  },
  bindAccount: {
    codes: [
      ...ofBody,
      ...ofChange,
      'ACCOUNT_ISSUED',
      'ACCOUNT_ISSUING',
      'NO_ACCOUNT_CHANGE_LEFT',
      'BINDING_OVER',
      'JOURNAL_UNAVAILABLE',
    ],
    fields: [...ofAnyField, ...ofAssertion],
  },
  read: { codes: ['NOT_FOUND', ...ofLoad] },
  showServing: { codes: ['NOT_FOUND', 'OVERLOADED'] },
  takeTicket: { codes: [...ofQueue, 'QUEUE_CLOSED', 'QUEUE_UNAVAILABLE'] },
  takeAdmission: { codes: [...ofQueue, 'TICKET_INVALID', 'TICKET_EXPIRED'] },
  document: { codes: ['OVERLOADED'] },
  siteHealth: { codes: [] },
  startLogin: { codes: [...ofLogin, 'LOGIN_CHALLENGE_INVALID'], isPage: true },
  finishLogin: { codes: [...ofLogin, 'LOGIN_STATE_INVALID', 'LOGIN_REFUSED', 'LOGIN_UNSUITABLE'], isPage: true },
} as const satisfies Readonly<Record<string, ErrorsOf & { readonly codes: readonly ErrorCode[] }>>;
