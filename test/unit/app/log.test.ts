import { describe, expect, it } from '@jest/globals';
import { anonymousError, createLog, loggedError } from '../../../app/log.ts';
import { createLogLimit } from '../../../app/log-limit.ts';
import { citizenOf } from '../../../local/load/citizen.ts';

const { name, idNumber, phone } = citizenOf(1, 7);

const linesOf = (write: (log: ReturnType<typeof createLog>) => void): string => {
  const lines: string[] = [];
  write(createLog('info', { role: 'intake' }, { write: (line) => void lines.push(line) }));
  return lines.join('');
};

describe('the log', () => {
  it('writes one JSON object a line, with the level by name', () => {
    const line = linesOf((log) => log.info({ receipt: 'R1' }, 'constant'));
    expect(JSON.parse(line)).toMatchObject({ level: 'info', role: 'intake', receipt: 'R1', msg: 'constant' });
  });

  it('leaves out fields with telling names, three deep', () => {
    const person = { name, idNumber, phone };
    const text = linesOf((log) => log.info({ ...person, a: person, b: { c: person } }, 'x'));
    for (const value of [name, idNumber, phone]) expect(text).not.toContain(value);
  });

  it('blackens numbers that travel under another name or within a message, and the line stays JSON', () => {
    const text = linesOf((log) => log.error({ field: idNumber, error: new Error(`no ${phone}`) }, `for ${idNumber}`));
    for (const value of [idNumber, phone]) expect(text).not.toContain(value);
    expect(JSON.parse(text)).toMatchObject({ field: '***', error: { message: 'no ***' }, msg: 'for ***' });
  });

  it('tells an error with its causes, and a request’s error without a word of its message', () => {
    const error = new Error('outer', { cause: new TypeError('inner') });
    expect(JSON.parse(linesOf((log) => log.warn({ error }, 'x')))).toMatchObject({
      error: { type: 'Error', message: 'outer', cause: { type: 'TypeError', message: 'inner' } },
    });
    const told = JSON.stringify(anonymousError(new RangeError(`first\n${name}\nat ${name}`)));
    expect(told).toContain('RangeError');
    expect(told).toContain('log.test.ts');
    expect(told).not.toContain(name);
  });
});

describe('what was thrown and is no Error', () => {
  const said = (error: unknown): unknown => JSON.parse(linesOf((log) => log.warn({ error }, 'x'))).error;
  it.each([
    ['a text', 'the journal is not connected', { type: 'string', message: 'the journal is not connected' }],
    ['a code', { code: 'ECONNREFUSED' }, { type: 'Object', message: 'code ECONNREFUSED' }],
    ['an event with a message', { message: 'closed' }, { type: 'Object', message: 'closed' }],
    [
      'a host with two addresses',
      new AggregateError([new Error('connect ECONNREFUSED ::1')], ''),
      { type: 'AggregateError', message: 'connect ECONNREFUSED ::1' },
    ],
    [
      'an Error without words',
      Object.assign(new Error(''), { code: 'EPIPE' }),
      { type: 'Error', message: 'code EPIPE' },
    ],
    ['nothing', undefined, { type: 'undefined', message: 'undefined' }],
    ['something that says nothing', {}, { type: 'Object', message: 'no message' }],
    ['something without a class', Object.create(null), { type: 'object', message: 'no message' }],
  ])('%s speaks for itself', (_, thrown, line) => {
    if (thrown === undefined) expect(loggedError(thrown)).toEqual(line);
    else expect(said(thrown)).toEqual(line);
  });

  it('never says who a person is, thrown as it came', () => {
    const person = { name, idNumber, phone };
    expect(JSON.stringify([loggedError(person), anonymousError(person)])).toBe(
      '[{"type":"Object","message":"no message"},{"errorType":"Object"}]',
    );
  });
});

describe('the log limit', () => {
  it('admits one line a second and kind, and counts what it left out', () => {
    const limit = createLogLimit();
    const at = (nowMs: number) => limit.admit('JOURNAL_FULL', nowMs);
    expect([at(0), at(1), at(999), at(1_000), at(2_500)]).toEqual([0, undefined, undefined, 2, 0]);
    expect(limit.admit('INTERNAL', 1)).toBe(0);
  });
});
