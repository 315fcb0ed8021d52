/** Every error that a citizen can meet: code, status and words. Codes are stable and free of language. */
import type { LocalizedText } from '../../contract/app-contract.ts';

interface ErrorEntry {
  readonly status: number;
  readonly title: LocalizedText;
}

export const ERRORS = {
  BAD_JSON: { status: 400, title: { 'zh-CN': '请求内容不是有效的 JSON', en: 'The request body is not valid JSON' } },
  IDEMPOTENCY_KEY_REQUIRED: {
    status: 400,
    title: {
      'zh-CN': '缺少 Idempotency-Key 请求头，请用随机 UUID',
      en: 'Send an Idempotency-Key header, a random UUID',
    },
  },
  IDEMPOTENCY_KEY_INVALID: {
    status: 400,
    title: {
      'zh-CN': 'Idempotency-Key 须为 16 至 128 个字母、数字、-、_',
      en: 'Idempotency-Key must be 16 to 128 letters, digits, - or _',
    },
  },
  NOT_OPEN: { status: 403, title: { 'zh-CN': '登记尚未开始', en: 'Registration has not opened yet' } },
  CLOSED: { status: 403, title: { 'zh-CN': '登记已经结束', en: 'Registration has closed' } },
  CANARY_INVALID: { status: 403, title: { 'zh-CN': '探测签名无效', en: 'The canary signature is not valid' } },
  NOT_FOUND: { status: 404, title: { 'zh-CN': '没有此页面', en: 'There is nothing here' } },
  RECEIPT_UNKNOWN: {
    status: 404,
    title: { 'zh-CN': '回执号或密码不正确', en: 'The receipt number or its secret is not right' },
  },
  METHOD_NOT_ALLOWED: { status: 405, title: { 'zh-CN': '不支持此方法', en: 'This method is not offered here' } },
  BODY_TOO_LARGE: { status: 413, title: { 'zh-CN': '请求内容超过 4 kB', en: 'The request body is larger than 4 kB' } },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: { 'zh-CN': '请以 application/json（UTF-8）提交', en: 'Send application/json in UTF-8' },
  },
  IDEMPOTENCY_MISMATCH: {
    status: 422,
    title: {
      'zh-CN': '此 Idempotency-Key 已用于另一份内容的登记，原登记有效；要更改请换新的 Idempotency-Key 再提交',
      en: 'This Idempotency-Key was used for a registration with other content, which is valid; to change it, send it again with a new Idempotency-Key',
    },
  },
  INVALID_FIELDS: { status: 422, title: { 'zh-CN': '有几项内容需要更正', en: 'Some fields need correction' } },
  REQUIRED: { status: 422, title: { 'zh-CN': '此项必填', en: 'This field is required' } },
  UNKNOWN_FIELD: { status: 422, title: { 'zh-CN': '没有此项，请删除', en: 'There is no such field; leave it out' } },
  INVALID: { status: 422, title: { 'zh-CN': '格式不正确', en: 'This is not of the expected form' } },
  NAME_INVALID: {
    status: 422,
    title: {
      'zh-CN': '姓名须为 2 至 50 个字，可含间隔号“·”、连字符和撇号，不含数字和其他符号',
      en: 'Name must be 2 to 50 letters; a middle dot, hyphens and apostrophes may stand between them, digits and other signs may not',
    },
  },
  PHONE_INVALID: {
    status: 422,
    title: {
      'zh-CN': '请填写中国大陆手机号：11 位，以 13 至 19 开头',
      en: 'Give a mobile number of mainland China: 11 digits that begin with 13 to 19',
    },
  },
  ID_TYPE_INVALID: { status: 422, title: { 'zh-CN': '证件类型须为 CN_ID', en: 'idType must be CN_ID' } },
  ID_FORMAT: { status: 422, title: { 'zh-CN': '身份证号须为 18 位', en: 'The identity number has 18 characters' } },
  ID_CHECKSUM: {
    status: 422,
    title: {
      'zh-CN': '身份证号有误，请核对每一位',
      en: 'The identity number has a typing error; check each character',
    },
  },
  ID_BIRTHDATE: {
    status: 422,
    title: { 'zh-CN': '身份证号中的出生日期不存在', en: 'The birth date within the identity number does not exist' },
  },
  ID_NOT_TAKEN: {
    status: 422,
    title: {
      'zh-CN': '本次活动只接受居民身份证号码',
      en: 'This campaign takes numbers of resident identity cards only',
    },
  },
  NOT_ELIGIBLE_AGE: { status: 422, title: { 'zh-CN': '未达到参加年龄', en: 'You have not reached the minimum age' } },
  CHANNEL_INVALID: {
    status: 422,
    title: { 'zh-CN': '领取渠道须为 wechat、alipay 或 unionpay', en: 'channel must be wechat, alipay or unionpay' },
  },
  CATEGORY_UNKNOWN: { status: 422, title: { 'zh-CN': '没有此类消费券', en: 'There is no such voucher' } },
  LOCALE_INVALID: { status: 422, title: { 'zh-CN': '语言须为 zh-CN 或 en', en: 'locale must be zh-CN or en' } },
  CONSENT_REQUIRED: {
    status: 422,
    title: { 'zh-CN': '请同意处理敏感个人信息', en: 'Agree to the processing of sensitive personal data' },
  },
  ADMISSION_LIMITED: {
    status: 503,
    title: { 'zh-CN': '现在人多，请稍候，机会均等', en: 'Many people are here; wait a moment, chances are equal' },
  },
  REGISTRATION_PAUSED: {
    status: 503,
    title: { 'zh-CN': '登记暂停，请稍后再来', en: 'Registration pauses for a while; come again later' },
  },
  OVERLOADED: { status: 503, title: { 'zh-CN': '系统繁忙，请稍候再试', en: 'We are busy; try again in a moment' } },
  STARTING: { status: 503, title: { 'zh-CN': '系统正在启动，请稍候', en: 'We are starting; try again in a moment' } },
  JOURNAL_BUSY: { status: 503, title: { 'zh-CN': '系统繁忙，请稍候再试', en: 'We are busy; try again in a moment' } },
  JOURNAL_FULL: {
    status: 503,
    title: { 'zh-CN': '暂时无法登记，请稍后再试', en: 'Registration is paused; try again later' },
  },
  JOURNAL_UNAVAILABLE: {
    status: 503,
    title: {
      'zh-CN': '暂时无法确认登记是否完成，请用原页面重试，不会重复登记',
      en: 'We can’t confirm your registration now; try again from the same page, you will not be registered twice',
    },
  },
  INTERNAL: { status: 500, title: { 'zh-CN': '系统出错，请重试', en: 'Something went wrong; try again' } },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export type ErrorCode = keyof typeof ERRORS;

export interface FieldError {
  /** Path within the body, such as `consent.sensitive`. */
  readonly field: string;
  readonly code: ErrorCode;
}

/** Thrown or passed on by handlers; the error handler writes it out. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;
  /** More about this very case, for people. */
  readonly detail: LocalizedText | undefined;
  /** Extra members of the problem, such as opensAt. Never anything that the citizen sent. */
  readonly members: Readonly<Record<string, string | number>>;

  constructor(
    code: ErrorCode,
    options: {
      readonly fields?: readonly FieldError[];
      readonly retryAfterSeconds?: number;
      readonly detail?: LocalizedText;
      readonly members?: Readonly<Record<string, string | number>>;
    } = {},
  ) {
    super(code);
    this.code = code;
    this.fields = options.fields ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.detail = options.detail;
    this.members = options.members ?? {};
  }
}

/** One wrong field speaks for itself; several are told together. */
export const fieldErrors = (fields: readonly FieldError[]): ApiError => {
  const [only] = fields;
  return new ApiError(fields.length === 1 && only !== undefined ? only.code : 'INVALID_FIELDS', { fields });
};
