/** Every error that a citizen can get: code, status and text. Codes are stable. */
import type { LocalizedText } from '../../contract/app-contract.ts';

interface ErrorEntry {
  readonly status: number;
  readonly title: LocalizedText;
}

const means = (status: number, zh: string, en: string): ErrorEntry => ({ status, title: { 'zh-CN': zh, en } });

export const ERRORS = {
  BAD_JSON: means(400, '请求内容不是有效的 JSON', 'The request body is not valid JSON'),
  IDEMPOTENCY_KEY_REQUIRED: means(
    400,
    '缺少 Idempotency-Key 请求头，请使用随机 UUID',
    'Send an Idempotency-Key header, a random UUID',
  ),
  IDEMPOTENCY_KEY_INVALID: means(
    400,
    'Idempotency-Key 须由 16 至 128 个字母、数字、“-”或“_”组成',
    'Idempotency-Key must be 16 to 128 letters, digits, - or _',
  ),
  NOT_OPEN: means(403, '登记尚未开始', 'Registration has not opened yet'),
  CLOSED: means(403, '登记已经结束', 'Registration has closed'),
  CANARY_INVALID: means(403, '探测签名无效', 'The canary signature is not valid'),
  NOT_FOUND: means(404, '未找到此页面', 'Not found'),
  RECEIPT_UNKNOWN: means(404, '回执号或查询密码不正确', 'The receipt number or its secret is wrong'),
  METHOD_NOT_ALLOWED: means(405, '不支持此请求方法', 'This method is not supported here'),
  LOGIN_CHALLENGE_INVALID: means(
    400,
    '缺少 challenge 参数：随机数的 SHA-256，base64url 编码，43 个字符',
    'Send the parameter challenge: the SHA-256 of your nonce in base64url, 43 characters',
  ),
  LOGIN_STATE_INVALID: means(
    400,
    '此次登录不是在本浏览器发起，或已超过十分钟，请重新登录',
    'This login was not begun in this browser, or more than ten minutes ago; log in again',
  ),
  LOGIN_REFUSED: means(403, '登录未完成，请重新登录', 'The login was not completed; log in again'),
  LOGIN_UNSUITABLE: means(
    403,
    '此登录方式未提供居民身份证件号码，请使用其他方式登录，或直接填写登记',
    'This login gives no resident identity number; use another login, or register without one',
  ),
  ASSERTION_USED: means(
    409,
    '此次登录已用于另一份登记，请重新登录',
    'This login was used for another registration; log in again',
  ),
  ACCOUNT_TAKEN: means(
    409,
    '此账户已由另一位登记人绑定；每个账户只能由一人使用，请使用您自己的账户登录',
    'Another person has bound this account; an account is for one person, so log in with your own',
  ),
  ACCOUNT_ISSUED: means(
    409,
    '消费券已发放，不能再更换账户',
    'The voucher is issued, so the account can’t be changed any more',
  ),
  ACCOUNT_ISSUING: means(
    409,
    '消费券正在发放，暂不能更换账户，请稍后查询结果',
    'The voucher is being issued, so the account can’t be changed now; look the registration up later',
  ),
  NO_ACCOUNT_CHANGE_LEFT: means(
    409,
    '账户已更换五次，不能再更换',
    'The account has been changed five times, which is the limit',
  ),
  BINDING_OVER: means(409, '绑定账户的时间已截止', 'Accounts can’t be bound any more: the time for it is over'),
  TICKET_EXPIRED: means(
    410,
    '排队号已过期或已用完，请重新取号',
    'This ticket has expired or is used up; take a new one',
  ),
  LIST_FROZEN: means(
    409,
    '更改时间已截止，不能再更正、撤回登记或更改领取渠道',
    'Registrations can’t be corrected, withdrawn or changed any more: the time for it is over',
  ),
  WITHDRAWN: means(409, '此登记已撤回，不能再更改', 'This registration is withdrawn and can’t be changed any more'),
  SUPERSEDED: means(
    409,
    '此登记已与您的另一份登记合并，请使用另一份登记的回执办理',
    'This registration was merged into another one of yours: use the receipt of that one',
  ),
  ERASED: means(
    409,
    '此登记的个人信息已删除，不能再更改',
    'The personal data of this registration has been erased, so it can’t be changed any more',
  ),
  NOT_REJECTED: means(
    409,
    '只有身份核验未通过或待人工审核的登记才能更正',
    'Only a registration whose identity check failed, or that waits for a manual review, can be corrected',
  ),
  NO_CORRECTION_LEFT: means(
    409,
    '此登记已更正两次，不能再更正',
    'This registration has been corrected twice, which is the limit',
  ),
  NO_CHANNEL_CHANGE_LEFT: means(
    409,
    '领取渠道已更改五次，不能再更改',
    'The channel has been changed five times, which is the limit',
  ),
  CHANNEL_FIXED: means(
    409,
    '本次活动每个领取渠道须分别登记，登记后不能更改渠道；如需使用其他渠道，请另行登记',
    'In this campaign each app needs its own registration, so the channel can’t be changed; register for the other app as well',
  ),
  CHANGED_MEANWHILE: means(
    409,
    '此登记刚刚由另一请求更改，本次更改未生效；请查询登记后再试',
    'Another request has just changed this registration, so this one had no effect; look the registration up, then decide again',
  ),
  PERSONAL_DATA_DESTROYED: means(
    410,
    '本次活动的全部个人信息已销毁，回执不能再查询或更改',
    'All personal data of this campaign has been destroyed, so receipts can no longer be looked up or changed',
  ),
  BODY_TOO_LARGE: means(413, '请求内容超过 4 kB', 'The request body is larger than 4 kB'),
  TICKET_INVALID: means(422, '缺少有效的排队号，请重新取号', 'Send a valid ticket of this campaign, or take a new one'),
  UNSUPPORTED_MEDIA_TYPE: means(415, '请以 application/json（UTF-8）提交', 'Send application/json in UTF-8'),
  IDEMPOTENCY_MISMATCH: means(
    422,
    '此 Idempotency-Key 已用于另一份内容的登记，原登记有效；如需更改，请使用新的 Idempotency-Key 重新提交',
    'This Idempotency-Key was used for a registration with other content, which stays valid; to change it, send a new one with a new Idempotency-Key',
  ),
  INVALID_FIELDS: means(422, '有若干内容需要更正', 'Some fields need correction'),
  REQUIRED: means(422, '此项必填', 'This field is required'),
  UNKNOWN_FIELD: means(422, '未知字段，请删除', 'Unknown field; remove it'),
  INVALID: means(422, '格式不正确', 'The format is wrong'),
  NAME_INVALID: means(
    422,
    '姓名须为 2 至 50 个字，可含间隔号“·”、连字符和撇号，不得含数字和其他符号',
    'Name must be 2 to 50 letters; middle dots, hyphens and apostrophes are allowed between them, digits and other signs are not',
  ),
  PHONE_INVALID: means(
    422,
    '请填写中国大陆手机号：11 位，以 13 至 19 开头',
    'Enter a mobile number of mainland China: 11 digits, beginning with 13 to 19',
  ),
  ID_TYPE_INVALID: means(422, '证件类型须为 CN_ID', 'idType must be CN_ID'),
  ID_FORMAT: means(422, '证件号码须为 18 位', 'The identity number must have 18 characters'),
  ID_CHECKSUM: means(422, '证件号码有误，请逐位核对', 'The identity number has a typing error; check each character'),
  ID_BIRTHDATE: means(422, '证件号码中的出生日期无效', 'The birth date in the identity number is not valid'),
  ID_NOT_TAKEN: means(
    422,
    '本次活动只接受居民身份证号码',
    'This campaign accepts numbers of resident identity cards only',
  ),
  ID_NOT_CORRECTABLE: means(
    422,
    '更正不能更换证件号码。如登记时填错了号码，请撤回此登记，并在登记时段内用正确的号码重新登记',
    'A correction can’t change the identity number. If it was wrong, withdraw this registration and register again with the right number while registration is open',
  ),
  LOGIN_NOT_OFFERED: means(
    422,
    '本次活动不使用此种登录，请删除此项',
    'This campaign does not use such a login; remove this field',
  ),
  ASSERTION_INVALID: means(422, '登录信息无效，请重新登录', 'The login is not valid; log in again'),
  ASSERTION_EXPIRED: means(
    422,
    '登录已超过十五分钟，请重新登录',
    'The login is more than fifteen minutes old; log in again',
  ),
  ASSERTION_OTHER_CAMPAIGN: means(
    422,
    '此次登录属于另一活动，请在本活动页面重新登录',
    'The login is for another campaign; log in on the page of this one',
  ),
  ASSERTION_WRONG_NONCE: means(
    422,
    '此次登录不是由本页面发起，请重新登录',
    'The login was not begun by this page; log in again',
  ),
  ASSERTION_DIFFERS: means(
    422,
    '姓名或证件号码与登录的身份不一致，请填写登录本人的信息，或不使用此次登录',
    'Name or identity number differs from those of the login; enter those of the person who logged in, or leave the login out',
  ),
  ACCOUNT_CHANNEL: means(
    422,
    '此账户不属于所登记的领取渠道，请登录该渠道的账户，或先更改领取渠道',
    'The account is of another app than the registration’s channel; log in there, or change the channel first',
  ),
  UNCHANGED: means(
    422,
    '更正内容与当前登记内容相同，请核对姓名',
    'The correction has the same content as the registration; check the name',
  ),
  NOT_ELIGIBLE_AGE: means(422, '未达到参加活动的最低年龄', 'You have not reached the minimum age'),
  CHANNEL_INVALID: means(422, '领取渠道须为 wechat、alipay 或 unionpay', 'channel must be wechat, alipay or unionpay'),
  CHANNEL_NOT_OFFERED: means(
    422,
    '本次活动不通过此渠道发放消费券，请选择其他渠道',
    'This campaign does not issue vouchers through this app; choose another one',
  ),
  CATEGORY_UNKNOWN: means(422, '没有此种消费券', 'There is no such voucher'),
  LOCALE_INVALID: means(422, '语言须为 zh-CN 或 en', 'locale must be zh-CN or en'),
  CONSENT_REQUIRED: means(422, '请同意处理敏感个人信息', 'Agree to the processing of sensitive personal data'),
  TOO_MANY_REQUESTS: means(429, '请求过于频繁，请稍候再试', 'Too many requests; wait as long as Retry-After says'),
  TOO_MANY_CHANGES: means(429, '操作过于频繁，请稍候再试', 'Too many requests for this receipt; try again in a moment'),
  ADMISSION_LIMITED: means(
    503,
    '当前登记人数较多，请稍候再试，机会均等',
    'Many people are registering; try again in a moment, chances are equal',
  ),
  QUEUE_CLOSED: means(
    503,
    '暂停发放排队号，已取号的居民仍可按顺序登记，请稍后再试',
    'No new tickets are given now, and those who have one are served; try again later',
  ),
  QUEUE_UNAVAILABLE: means(503, '暂时无法取号，请稍候再试', 'No ticket can be given now; try again in a moment'),
  REGISTRATION_PAUSED: means(503, '登记暂停，请稍后再试', 'Registration is paused; try again later'),
  OVERLOADED: means(503, '系统繁忙，请稍候再试', 'The system is busy; try again in a moment'),
  LOGIN_UNAVAILABLE: means(
    503,
    '登录系统暂时无法使用，请稍候再试，或不使用登录直接登记',
    'The login system does not answer now; try again in a moment, or register without a login',
  ),
  STARTING: means(503, '系统正在启动，请稍候再试', 'The system is starting; try again in a moment'),
  JOURNAL_BUSY: means(503, '系统繁忙，请稍候再试', 'The system is busy; try again in a moment'),
  JOURNAL_FULL: means(503, '暂时无法登记，请稍后再试', 'Registration is not possible now; try again later'),
  JOURNAL_UNAVAILABLE: means(
    503,
    '暂时无法确认登记是否完成，请在原页面重试，不会造成重复登记',
    'We can’t confirm your registration now; try again on the same page, you will not be registered twice',
  ),
  CHANGE_UNCONFIRMED: means(
    503,
    '暂时无法确认更改是否完成，请稍候重试；重复提交不会重复生效',
    'We can’t confirm the change now. Send it again in a moment; it takes effect only once',
  ),
  INTERNAL: means(500, '系统出错，请重试', 'Something went wrong; try again'),
} satisfies Readonly<Record<string, ErrorEntry>>;

export type ErrorCode = keyof typeof ERRORS;

export interface FieldError {
  /** Path within the body, such as `consent.sensitive`. */
  readonly field: string;
  readonly code: ErrorCode;
}

/** Contents of a problem besides its code. */
export interface ProblemDetails {
  readonly fields?: readonly FieldError[];
  readonly retryAfterSeconds?: number;
  /** Details of this case, for people. */
  readonly detail?: LocalizedText;
  /** Extra members, such as opensAt, as JSON. Never anything that the citizen sent. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by handlers; becomes a problem (answer.ts). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly details: ProblemDetails;

  constructor(code: ErrorCode, details: ProblemDetails = {}) {
    super(code);
    this.code = code;
    this.details = details;
  }
}

/** A single wrong field gives its own code; several are reported together. */
export const fieldErrors = (fields: readonly FieldError[]): ApiError => {
  const [only] = fields;
  return new ApiError(fields.length === 1 && only !== undefined ? only.code : 'INVALID_FIELDS', { fields });
};
