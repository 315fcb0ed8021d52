/** What was typed survives a reload: in this tab only, for half an hour, until the registration has its receipt. */
import { all, kept } from './dom.ts';

const KEPT_MS = 30 * 60_000;

const nameOf = (form: HTMLFormElement): string => `form ${form.dataset['keep'] ?? ''}`;

type Field = HTMLInputElement;
const fieldsOf = (form: HTMLFormElement): readonly Field[] => all<Field>('input:not([type="hidden"])', form);

const isChoice = ({ type }: Field): boolean => type === 'radio' || type === 'checkbox';

export const forget = (form: HTMLFormElement): void => kept.drop(nameOf(form));

const save = (form: HTMLFormElement): void => {
  const values = fieldsOf(form).flatMap((field) =>
    isChoice(field) ? (field.checked ? [[field.name, field.value]] : []) : [[field.name, field.value]],
  );
  kept.set(nameOf(form), JSON.stringify({ at: Date.now(), values: Object.fromEntries(values) }));
};

const restored = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const { at, values } = JSON.parse(text);
    return Date.now() - at < KEPT_MS && typeof values === 'object' && values !== null ? values : {};
  } catch {
    return {};
  }
};

/** What the server wrote into a field counts before what was kept. */
export const startKeeping = (form: HTMLFormElement): void => {
  const values = restored(kept.get(nameOf(form)) ?? '{}');
  for (const field of fieldsOf(form)) {
    const value = values[field.name];
    if (typeof value !== 'string') continue;
    if (!isChoice(field)) field.value ||= value;
    else if (!fieldsOf(form).some(({ name, checked }) => name === field.name && checked))
      field.checked = field.value === value;
  }
  form.addEventListener('input', () => save(form));
};
