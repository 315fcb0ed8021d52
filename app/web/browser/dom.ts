/** The little that the other files need of the page. The module never makes markup from text (Trusted Types). */

export const one = <T extends Element = HTMLElement>(selector: string, within: ParentNode = document): T | null =>
  within.querySelector<T>(selector);
export const all = <T extends Element = HTMLElement>(selector: string, within: ParentNode = document): readonly T[] => [
  ...within.querySelectorAll<T>(selector),
];

export const show = (element: Element | null | undefined, isShown = true): void => {
  if (element instanceof HTMLElement) element.hidden = !isShown;
};
export const write = (element: Element | null | undefined, text: string): void => {
  if (element && element.textContent !== text) element.textContent = text;
};

export const input = (form: HTMLFormElement, name: string): HTMLInputElement | null =>
  one<HTMLInputElement>(`[name="${name}"]`, form);
export const put = (form: HTMLFormElement, name: string, value: string): void => {
  const found = input(form, name);
  if (found) found.value = value;
};

/** Server time: what the page was written at, and this device's clock since then. */
const ahead = Number(document.body.dataset['now']) - Date.now();
export const now = (): number => Date.now() + ahead;

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Texts are in the page, so that each exists once. */
const texts = new Map(
  all<HTMLElement>('[data-key]', one<HTMLTemplateElement>('#said')?.content ?? document.createElement('p')).map(
    (element) => [element.dataset['key'] ?? '', element.textContent ?? ''] as const,
  ),
);
export const say = (key: string, values: Readonly<Record<string, string>> = {}): string =>
  Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, value), texts.get(key) ?? '');

/** Private windows of some browsers throw. */
export const kept = {
  get(name: string): string | null {
    try {
      return sessionStorage.getItem(name);
    } catch {
      return null;
    }
  },
  set(name: string, value: string): void {
    try {
      sessionStorage.setItem(name, value);
    } catch {
      // Then what is typed does not survive a reload.
    }
  },
  drop(name: string): void {
    try {
      sessionStorage.removeItem(name);
    } catch {
      // Nothing was kept.
    }
  },
};
