/** Fields of forms with their hints and errors, and the summary of errors that links to them. */
import type { FieldError } from '../../http/errors.ts';
import type { Context } from '../context.ts';
import { type Html, html, NOTHING, type Value } from '../template.ts';
import { fieldMessage } from '../words/errors.ts';

/** What was typed, and what is wrong with it. */
export interface Filled {
  readonly values: Readonly<Record<string, string>>;
  readonly errors: readonly FieldError[];
  /** An error of the whole form, in words. */
  readonly problem?: { readonly title: string; readonly detail?: string };
}

export const EMPTY: Filled = { values: {}, errors: [] };

/** `consent.sensitive` is the field `consent` of the form. */
const nameOf = (field: string): string => field.split('.')[0] ?? '';

export const errorOf = ({ errors }: Filled, name: string): FieldError | undefined =>
  errors.find(({ field }) => nameOf(field) === name);

interface Field {
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  readonly type?: 'text' | 'tel';
  readonly inputmode?: 'text' | 'numeric';
  readonly autocomplete?: string;
  /** Of the id, where a page has two forms. */
  readonly prefix?: string;
}

const errorText = ({ language, words }: Context, filled: Filled, name: string, id: string): Html => {
  const error = errorOf(filled, name);
  if (error === undefined) return NOTHING;
  return html`<p class="error" id="${`${id}-error`}"><span class="unseen">${words.problem.errorPrefix}</span>${fieldMessage(error, language)}</p>`;
};

const described = (filled: Filled, name: string, id: string): string =>
  errorOf(filled, name) === undefined ? `${id}-hint` : `${id}-hint ${id}-error`;

export const textField = (
  context: Context,
  filled: Filled,
  { name, label, hint, type = 'text', inputmode = 'text', autocomplete = 'off', prefix = '' }: Field,
): Html => {
  const id = prefix + name;
  const isWrong = errorOf(filled, name) !== undefined;
  return html`<div class="field${isWrong ? ' wrong' : ''}"><label for="${id}">${label}</label><p class="hint" id="${`${id}-hint`}">${hint}</p>${errorText(context, filled, name, id)}
<input id="${id}" name="${name}" type="${type}" inputmode="${inputmode}" autocomplete="${autocomplete}" autocapitalize="off" spellcheck="false" maxlength="64" required aria-describedby="${described(filled, name, id)}" aria-invalid="${String(isWrong)}" value="${filled.values[name] ?? ''}"></div>`;
};

export interface Choice {
  readonly value: string;
  readonly label: Value;
}

export const choiceField = (
  context: Context,
  filled: Filled,
  { name, label, hint, prefix = '' }: Omit<Field, 'type' | 'inputmode' | 'autocomplete'>,
  choices: readonly Choice[],
): Html => {
  const id = prefix + name;
  const isWrong = errorOf(filled, name) !== undefined;
  const chosen = filled.values[name] ?? (choices.length === 1 ? choices[0]?.value : undefined);
  return html`<fieldset class="field${isWrong ? ' wrong' : ''}" aria-describedby="${described(filled, name, id)}"><legend>${label}</legend><p class="hint" id="${`${id}-hint`}">${hint}</p>${errorText(context, filled, name, id)}
${choices.map(({ value, label: text }, index) => {
  const choiceId = index === 0 ? id : `${id}-${index}`;
  const checked = value === chosen ? html`checked` : NOTHING;
  return html`<div class="choice">${radio(choiceId, name, value, checked)}<label for="${choiceId}">${text}</label></div>`;
})}</fieldset>`;
};

const radio = (id: string, name: string, value: string, checked: Html): Html =>
  checked === NOTHING
    ? html`<input type="radio" id="${id}" name="${name}" value="${value}" required>`
    : html`<input type="radio" id="${id}" name="${name}" value="${value}" required checked>`;

export const checkField = (
  context: Context,
  filled: Filled,
  { name, label, prefix = '' }: { readonly name: string; readonly label: Value; readonly prefix?: string },
): Html => {
  const id = prefix + name;
  const isWrong = errorOf(filled, name) !== undefined;
  const input =
    filled.values[name] === 'yes'
      ? html`<input type="checkbox" id="${id}" name="${name}" value="yes" required checked>`
      : html`<input type="checkbox" id="${id}" name="${name}" value="yes" required>`;
  return html`<div class="field${isWrong ? ' wrong' : ''}">${errorText(context, filled, name, id)}<div class="choice">${input}<label for="${id}">${label}</label></div></div>`;
};

/** As GOV.UK's: in front of everything, in focus, each error a link to its field. */
export const errorSummary = ({ words, language }: Context, { errors, problem }: Filled, prefix = ''): Html => {
  if (errors.length === 0 && problem === undefined) return NOTHING;
  return html`<div class="summary" role="alert" tabindex="-1" id="errors" aria-labelledby="errors-title"><h2 id="errors-title">${problem?.title ?? words.problem.summary}</h2>${
    problem?.detail === undefined ? NOTHING : html`<p>${problem.detail}</p>`
  }${
    errors.length === 0
      ? NOTHING
      : html`<ul>${errors.map((error) => html`<li><a href="${`#${prefix}${nameOf(error.field)}`}">${fieldMessage(error, language)}</a></li>`)}</ul>`
  }</div>`;
};
