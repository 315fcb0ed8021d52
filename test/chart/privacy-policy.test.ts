/** The policy on commands of privacy, by its own expressions; who has a verb is the API server's to say. */
import { describe, expect, it } from '@jest/globals';
import { Environment } from '@marcbachmann/cel-js';
import { z } from 'zod';
import { DESTROY_ANNOTATION, eraseAnnotation } from '../../contract/names.ts';
import { destroyText } from '../../operator/destruction/destroy-command.ts';
import { eraseText } from '../../operator/erasure/erase-commands.ts';
import { receiptOf } from '../helpers/records.ts';
import { render } from './render.ts';

const policy = z.object({
  spec: z.object({
    variables: z.array(z.object({ name: z.string(), expression: z.string() })),
    validations: z.array(z.object({ expression: z.string(), messageExpression: z.string() })),
  }),
});

const AT = '2027-03-01T10:00:00+08:00';
const RECEIPT = receiptOf('li');

const load = async () => {
  const all = await render();
  const found = all.find(
    ({ kind, metadata }) => kind === 'ValidatingAdmissionPolicy' && metadata.name.endsWith('-privacy'),
  );
  return policy.parse(found).spec;
};

/** @returns the messages of the expressions that refuse it, without those that ask for a verb */
const refusals = async (
  annotations: Record<string, string>,
  before: Record<string, string> = {},
  username = 'li.wei',
): Promise<readonly string[]> => {
  const { variables, validations } = await load();
  const environment = new Environment({ unlistedVariablesAreDyn: true });
  const context: Record<string, unknown> = {
    object: { metadata: { annotations }, spec: { campaignId: 'spring' } },
    oldObject: { metadata: { annotations: before } },
    request: { userInfo: { username }, namespace: 'vouchers', name: 'spring-2027' },
    variables: {},
  };
  const values: Record<string, unknown> = {};
  for (const { name, expression } of variables) {
    values[name] = environment.evaluate(expression, { ...context, variables: values });
  }
  return validations
    .filter(({ expression }) => !expression.includes('authorizer'))
    .filter(({ expression }) => environment.evaluate(expression, { ...context, variables: values }) !== true)
    .map(({ messageExpression }) => String(environment.evaluate(messageExpression, { ...context, variables: values })));
};

const erase = (who: string): string => eraseText({ who, at: AT, reason: 'request 17' });
const destroy = (who: string, campaignId: string): string =>
  destroyText(campaignId, { who, atMs: 0, reason: 'over' }, AT);

describe('the policy on commands of privacy', () => {
  it.each<[string, Record<string, string>]>([
    ['no command', { other: 'x' }],
    ['a command to erase, as the CLI writes it', { [eraseAnnotation(RECEIPT)]: erase('li.wei') }],
    ['an order to destroy, as the CLI writes it', { [DESTROY_ANNOTATION]: destroy('li.wei', 'spring') }],
  ])('admits %s', async (_, annotations) => {
    expect(await refusals(annotations)).toEqual([]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['another person’s name', { [eraseAnnotation(RECEIPT)]: erase('wang') }, /your own name/],
    ['no receipt', { [eraseAnnotation('everything')]: erase('li.wei') }, /a receipt of 26 characters/],
    ['no reason', { [eraseAnnotation(RECEIPT)]: `by li.wei at ${AT}: ` }, /a reason/],
    ['an order in another name', { [DESTROY_ANNOTATION]: destroy('wang', 'spring') }, /your own name/],
    ['an order for another campaign', { [DESTROY_ANNOTATION]: destroy('li.wei', 'autumn') }, /of spring: <reason>/],
  ])('refuses %s', async (_, annotations, message) => {
    expect(await refusals(annotations)).toEqual([expect.stringMatching(message)]);
  });

  it('refuses a user whose name could be read as another’s', async () => {
    const username = `wang at ${AT}: x`;
    const message = [expect.stringMatching(/your own name/)];
    expect(await refusals({ [eraseAnnotation(RECEIPT)]: erase(username) }, {}, username)).toEqual(message);
    const order = destroy(`wang at ${AT} of spring: x`, 'spring');
    expect(await refusals({ [DESTROY_ANNOTATION]: order }, {}, `wang at ${AT} of spring: x`)).toEqual(message);
    expect(await refusals({ other: 'x' }, {}, username)).toEqual([]);
  });

  it('leaves alone what another user has written', async () => {
    const annotations = { [eraseAnnotation(RECEIPT)]: erase('wang') };
    expect(await refusals(annotations, annotations)).toEqual([]);
  });

  it('asks for the verbs erase and authorize', async () => {
    const { validations } = await load();
    const verbs = validations.flatMap(({ expression }) => /check\('([a-z]+)'\)/.exec(expression)?.[1] ?? []);
    expect(verbs).toEqual(['erase', 'authorize']);
    for (const { expression } of validations)
      expect(new Environment({ unlistedVariablesAreDyn: true }).parse(expression)).toBeDefined();
  });
});
