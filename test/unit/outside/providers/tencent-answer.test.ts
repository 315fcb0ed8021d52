import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { HttpReply } from '../../../../app/outside/http-client.ts';
import { readTencentAnswer, untilTomorrowMs } from '../../../../app/outside/providers/tencent-answer.ts';
import type { ProviderAnswer } from '../../../../app/verification/ports.ts';

const MIDNIGHT_MS = Date.parse('2020-09-26T00:00:00+08:00');
const NOW_MS = MIDNIGHT_MS - 3_600_000;

const posted = (json: unknown, status = 200): HttpReply => ({
  kind: 'response',
  status,
  headers: {},
  bytes: Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)),
});
const read = (json: unknown, status = 200): ProviderAnswer => readTencentAnswer(posted(json, status), NOW_MS).answer;
const result = (value: unknown): ProviderAnswer => read({ Response: { Result: value, RequestId: 'a-1' } });
const error = (code: string): ProviderAnswer =>
  read({ Response: { Error: { Code: code, Message: '张三 11010519491231002X' }, RequestId: 'a-1' } });

const isVerdict = ({ kind }: ProviderAnswer): boolean => ['match', 'mismatch', 'no_record'].includes(kind);

describe('a result of IdCardVerification', () => {
  it.each([
    ['0', { kind: 'match', code: '0' }],
    ['-1', { kind: 'mismatch', code: '-1' }],
    ['-2', { kind: 'no_record', code: '-2' }],
    ['-3', { kind: 'no_record', code: '-3' }],
    ['-5', { kind: 'no_record', code: '-5' }],
    ['-4', { kind: 'retry', reason: "error at the provider's data source (-4)" }],
    ['-6', { kind: 'retry', reason: "the provider's data source is being upgraded (-6)", retryAfterMs: 60_000 }],
  ])('%s has one meaning', (value, answer) => {
    expect(result(value)).toEqual(answer);
  });

  it('-7 waits for the next day of this name or number, a minute after midnight in Beijing, and stops nothing else', () => {
    expect(result('-7')).toMatchObject({ kind: 'retry', retryAfterMs: 3_660_000 });
    expect(untilTomorrowMs(MIDNIGHT_MS)).toBe(86_400_000 + 60_000);
    expect(untilTomorrowMs(MIDNIGHT_MS - 1)).toBe(60_001);
  });

  it.each([
    ['in no documentation', '-8'],
    ['that is the name of a method', 'constructor'],
    ['with a space', ' 0'],
    ['that is a number', 0],
    ['that is null', null],
  ])('%s is no verdict', (_what, value) => {
    expect(result(value)).toMatchObject({ kind: 'retry', reason: expect.stringContaining('not understood') });
  });
});

describe('an error of the API', () => {
  it.each([
    ['AuthFailure.SignatureFailure', 'secret-key'],
    ['AuthFailure.SignatureExpire', 'clock'],
    ['AuthFailure.SecretIdNotFound', 'secret-id'],
    ['AuthFailure.InvalidSecretId', 'secret-id'],
    ['AuthFailure.TokenFailure', 'console'],
    ['AuthFailure', 'console'],
    ['UnauthorizedOperation.Arrears', 'pay'],
    ['UnauthorizedOperation.Nonactivated', 'activate'],
    ['UnauthorizedOperation.NonAuthorize', 'verify it'],
    ['UnauthorizedOperation', 'permit'],
    ['UnsupportedOperation', 'url'],
    ['NoSuchVersion', 'url'],
    ['IpNotInWhitelist', 'addresses'],
  ])('%s refuses all questions, and the reason names the remedy', (code, remedy) => {
    const answer = error(code);
    expect(answer).toMatchObject({ kind: 'refused', reason: expect.stringContaining(remedy) });
    expect(answer).toMatchObject({ reason: expect.stringContaining(`(${code})`) });
  });

  it.each(['RequestLimitExceeded', 'RequestLimitExceeded.UinLimitExceeded'])(
    '%s is retried in the next second',
    (code) => {
      expect(error(code)).toEqual({ kind: 'retry', reason: code, retryAfterMs: 1_000 });
    },
  );

  it('LimitExceeded is the quota', () => {
    expect(error('LimitExceeded')).toEqual({ kind: 'quota' });
  });

  it.each([
    'InternalError',
    'InternalError.UnKnown',
    'FailedOperation.UnKnown',
    'FailedOperation.IdNameMisMatch',
    'FailedOperation.RequestLimitExceeded',
    'InvalidParameterValue',
    'InvalidParameter',
    'ResourceUnavailable',
    'AuthFailures',
  ])('%s is retried', (code) => {
    expect(error(code)).toEqual({ kind: 'retry', reason: code });
  });

  it('with a code of another form is not repeated in the reason', () => {
    expect(error('张三 11010519491231002X')).toEqual({ kind: 'retry', reason: 'unknown error' });
    expect(error('AuthFailure.11010519491231002X')).toMatchObject({ reason: expect.not.stringContaining('1101') });
  });
});

describe('a response that is not understood', () => {
  const cases: Record<string, HttpReply> = {
    'no response': { kind: 'trouble', reason: 'no response within 5000 ms' },
    'half a body': posted('{"Response":{"Result":"0","Req'),
    'an empty body': posted(''),
    'an HTML page': posted('<html>0</html>'),
    'a result outside of Response': posted({ Result: '0', RequestId: 'a-1' }),
    'a result and an error': posted({ Response: { Result: '0', Error: { Code: 'InternalError' }, RequestId: 'a-1' } }),
    'a result without RequestId': posted({ Response: { Result: '0' } }),
    'a text in GBK': { kind: 'response', status: 200, headers: {}, bytes: Buffer.from('7b2252d2bbd6c2227d', 'hex') },
    'UTF-16': {
      kind: 'response',
      status: 200,
      headers: {},
      bytes: Buffer.from('{"Response":{"Result":"0","RequestId":"a-1"}}', 'utf16le'),
    },
    'status 500 with a result': posted({ Response: { Result: '-1', RequestId: 'a-1' } }, 500),
    'status 302 with a result': posted({ Response: { Result: '0', RequestId: 'a-1' } }, 302),
    'status 201 with a result': posted({ Response: { Result: '0', RequestId: 'a-1' } }, 201),
  };

  it.each(Object.entries(cases))('%s is retried', (_what, response) => {
    expect(readTencentAnswer(response, NOW_MS).answer.kind).toBe('retry');
  });

  it('keeps Retry-After', () => {
    const response: HttpReply = {
      kind: 'response',
      status: 503,
      headers: {},
      bytes: Buffer.alloc(0),
      retryAfterMs: 7_000,
    };
    expect(readTencentAnswer(response, NOW_MS).answer).toEqual({
      kind: 'retry',
      reason: 'status 503',
      retryAfterMs: 7_000,
    });
  });

  it('is never a verdict, whatever its bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          expect(
            isVerdict(readTencentAnswer({ kind: 'response', status: 200, headers: {}, bytes }, NOW_MS).answer),
          ).toBe(false);
        },
      ),
    );
  });

  it('is never a verdict, wherever a good response ends', () => {
    const good = JSON.stringify({ Response: { Result: '-1', Description: '不一致', RequestId: 'a-1' } });
    const bytes = Buffer.from(good);
    for (let length = 0; length < bytes.length; length += 1)
      expect(
        readTencentAnswer({ kind: 'response', status: 200, headers: {}, bytes: bytes.subarray(0, length) }, NOW_MS)
          .answer.kind,
      ).toBe('retry');
  });
});
