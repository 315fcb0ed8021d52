/** A policy of the chart on campaigns, with its expressions evaluated as the API server does it. */
import { Environment } from '@marcbachmann/cel-js';
import { z } from 'zod';
import { render } from './render.ts';

const expression = z.object({ expression: z.string() });
const policySchema = z.object({
  spec: z.object({
    failurePolicy: z.literal('Fail'),
    variables: z.array(expression.extend({ name: z.string() })),
    validations: z.array(
      expression.extend({ message: z.string(), messageExpression: z.string().optional(), reason: z.string() }),
    ),
  }),
});
export type Policy = z.infer<typeof policySchema>['spec'];

/** @param name the end of its name */
export const readPolicy = async (name: string): Promise<Policy> => {
  const found = (await render()).find(
    ({ kind, metadata }) => kind === 'ValidatingAdmissionPolicy' && metadata.name.endsWith(`-vo-${name}`),
  );
  return policySchema.parse(found).spec;
};

const environment = new Environment({ enableOptionalTypes: true, unlistedVariablesAreDyn: true });
const CHECK = /authorizer\.group\(.*?\.check\('(\w+)'\)\.allowed\(\)/g;

/** Variables that ask the authorizer, also by others. */
const asking = (variables: Policy['variables']): readonly string[] => {
  const found: string[] = [];
  for (const { name, expression: text } of variables) {
    const isAsking = found.some((one) => new RegExp(`variables\\.${one}\\b`).test(text));
    if (isAsking || text.includes('authorizer.')) found.push(name);
  }
  return found;
};

/**
 * Messages of the validations that refuse it. @param verbs of the user on vouchercampaigns
 * @throws Error for a messageExpression that the API server can't evaluate: it has no authorizer, and would fall back to `message`
 */
export const refusalsOf = (
  { variables: stated, validations }: Policy,
  context: { readonly object: object; readonly oldObject: object | null; readonly request: object },
  verbs: readonly string[],
): readonly string[] => {
  const variables: Record<string, unknown> = {};
  const evaluate = (text: string): unknown => {
    const decided = text.replaceAll(CHECK, (_, verb: string) => String(verbs.includes(verb)));
    return environment.evaluate(decided, { ...context, variables });
  };
  for (const { name, expression: text } of stated) variables[name] = evaluate(text);
  const unknown = asking(stated);
  for (const { messageExpression = '' } of validations) {
    const used = unknown.filter((name) => new RegExp(`variables\\.${name}\\b`).test(messageExpression));
    if (used.length > 0)
      throw new Error(`a messageExpression uses variables that ask the authorizer: ${used.join(', ')}`);
  }
  return validations.flatMap(({ expression: text, message, messageExpression }) => {
    if (evaluate(text) === true) return [];
    return [messageExpression === undefined ? message : String(evaluate(messageExpression))];
  });
};
