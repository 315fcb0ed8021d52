/** Errors in the words of the page. The texts of app/http/errors.ts are for programs as well; these replace those that a citizen can't act on. */
import type { LocalizedText } from '../../../contract/app-contract.ts';
import { ERRORS, type ErrorCode, type FieldError } from '../../http/errors.ts';
import type { Language } from './words.ts';

const says = (zh: string, en: string): LocalizedText => ({ 'zh-CN': zh, en });

const OF_PAGE: Readonly<Partial<Record<ErrorCode, LocalizedText>>> = {
  BAD_JSON: says('提交的内容不完整，请返回上一页重新提交', 'What was sent is incomplete. Go back and send it again'),
  BODY_TOO_LARGE: says('填写的内容过长，请检查后重新提交', 'What you typed is too long. Check it and send it again'),
  UNSUPPORTED_MEDIA_TYPE: says('请从本页面的表单提交', 'Please send the form on this page'),
  IDEMPOTENCY_KEY_REQUIRED: says(
    '页面已过期，请重新打开登记页面',
    'The page is out of date. Open the registration page again',
  ),
  IDEMPOTENCY_KEY_INVALID: says(
    '页面已过期，请重新打开登记页面',
    'The page is out of date. Open the registration page again',
  ),
  IDEMPOTENCY_MISMATCH: says(
    '您刚才已用另一份内容登记成功，那份登记有效。如内容有误，请凭回执更正；如需为另一人登记，请重新打开登记页面',
    'You have just registered with other content, and that registration is valid. Correct it with its receipt. To register another person, open the registration page again',
  ),
  METHOD_NOT_ALLOWED: says('请从首页重新进入', 'Please start again from the first page'),
  UNKNOWN_FIELD: says('提交的内容有误，请重新打开登记页面', 'What was sent is wrong. Open the registration page again'),
  RECEIPT_UNKNOWN: says(
    '回执号或查询密码不正确，请对照回执逐位核对。数字 0 与字母 O、数字 1 与字母 I 可以混用',
    'The receipt number or its secret is wrong. Compare each character with your receipt. 0 and O, and 1 and I, count as the same',
  ),
  LOGIN_NOT_OFFERED: says('本次活动不使用此种登录', 'This campaign does not use such a login'),
};

const REQUIRED: Readonly<Record<string, LocalizedText>> = {
  name: says('请填写姓名', 'Enter the name'),
  idNumber: says('请填写身份证号码', 'Enter the identity card number'),
  phone: says('请填写手机号码', 'Enter the mobile phone number'),
  category: says('请选择一种消费券', 'Choose a voucher'),
  channel: says('请选择领取渠道', 'Choose a payment app'),
  confirm: says('请先勾选确认，再撤回', 'Tick the box to confirm, then withdraw'),
};

const OF_FIELD: Readonly<Partial<Record<ErrorCode, LocalizedText>>> = {
  NAME_INVALID: says(
    '姓名须为 2 至 50 个字，请按身份证填写，不要填写数字和其他符号',
    'The name must have 2 to 50 letters, as on the identity card, without digits and other signs',
  ),
  PHONE_INVALID: says(
    '手机号码须为 11 位，以 13 至 19 开头',
    'The mobile phone number must have 11 digits and begin with 13 to 19',
  ),
  ID_FORMAT: says(
    '身份证号码须为 18 位，请检查是否多填或少填',
    'The identity card number must have 18 characters. Check whether one is missing',
  ),
  ID_CHECKSUM: says(
    '身份证号码有误，请对照身份证逐位核对',
    'The identity card number has a typing error. Compare each character with the card',
  ),
  CONSENT_REQUIRED: says('请阅读说明并勾选同意', 'Read the text and tick the box to agree'),
  CATEGORY_UNKNOWN: says('请选择一种消费券', 'Choose a voucher'),
  CHANNEL_INVALID: says('请选择领取渠道', 'Choose a payment app'),
};

/** What it is, and what to do. */
export const problemMessage = (code: ErrorCode, language: Language): string =>
  (OF_PAGE[code] ?? OF_FIELD[code] ?? ERRORS[code].title)[language];

export const fieldMessage = ({ field, code }: FieldError, language: Language): string =>
  ((code === 'REQUIRED' ? REQUIRED[field] : undefined) ?? OF_FIELD[code] ?? OF_PAGE[code] ?? ERRORS[code].title)[
    language
  ];
