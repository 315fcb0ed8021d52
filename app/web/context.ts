/** What a view needs besides its subject: for whom it is written, and of which campaign. */
import type { IncomingMessage } from 'node:http';
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { Answer } from '../http/answer.ts';
import type { Html } from './template.ts';
import type { Chosen } from './viewer.ts';
import type { Language, Messages, Writing } from './words/words.ts';

/** How a page that was the answer to a form is shown again, in the other language or size: the form is sent once more. */
export interface Again {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface Context {
  readonly campaignId: string;
  readonly language: Language;
  readonly words: Messages;
  readonly writing: Writing;
  /** Larger type and targets. */
  readonly isElder: boolean;
  /** Undefined: the pod is starting. */
  readonly settings: LiveSettings | undefined;
  readonly nowMs: number;
  /** Path of the page, without a query. */
  readonly path: string;
  readonly again?: Again;
}

export interface Page {
  readonly title: string;
  readonly main: Html;
  /** Of a form that was answered with errors: screen readers read the title first. */
  readonly hasErrors?: boolean;
  /** Without links and settings, for a page that is the same everywhere. */
  readonly isPlain?: boolean;
}

/** How the parts of the page make a context and a document. */
export interface Rendering {
  /** @throws ApiError STARTING */
  settings(): LiveSettings;
  context(request: IncomingMessage, path: string, chosen?: Chosen): Context;
  document(
    request: IncomingMessage,
    status: number,
    context: Context,
    page: Page,
    headers?: Readonly<Record<string, string>>,
  ): Answer;
}
