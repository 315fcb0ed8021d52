/** How the campaign works: personal data, how to check the draw, safety. */
import type { LiveSettings } from '../../../contract/app-contract.ts';
import { privacyShown } from '../../intake/privacy-text.ts';
import type { Context, Page } from '../context.ts';
import { type Html, html, NOTHING } from '../template.ts';
import { rules } from './start.ts';

/** Digest of a document that the operator has published (operator/draw/draw-request.ts). */
const digestOf = (published: LiveSettings['published'], name: string): string | undefined => {
  const found = published?.[name];
  if (typeof found !== 'object' || found === null) return undefined;
  const digest: unknown = Reflect.get(found, 'digest');
  return typeof digest === 'string' ? digest : undefined;
};

const digests = ({ words }: Context, { published, draw, announced }: LiveSettings): Html => {
  const rows = (['commitment', 'result'] as const).map(
    (name) =>
      html`<div><dt>${words.proof[name]}</dt><dd class="code small">${digestOf(published, name) ?? words.proof.none}</dd></div>`,
  );
  const { bundleUrl } = draw;
  return html`<dl>${rows}</dl>${
    announced === undefined || bundleUrl === undefined
      ? NOTHING
      : html`<p><a href="${`${bundleUrl}result.json`}" rel="noreferrer">${words.proof.files}</a></p>`
  }`;
};

export const helpPage = (context: Context, settings: LiveSettings): Page => {
  const { words, writing } = context;
  const privacy = privacyShown(settings);
  return {
    title: words.help,
    main: html`<h1>${words.help}</h1>${rules(context, settings)}
<section id="draw"><h2>${words.proof.title}</h2><p>${words.proof.lead}</p><ol class="steps">${words.proof.steps.map((step) => html`<li>${step}</li>`)}</ol>${digests(context, settings)}</section>
<section><h2>${words.privacyPage.title}</h2><ul>${words.privacyPage.items.map((item) => html`<li>${item}</li>`)}</ul><p class="strong">${
      privacy === undefined ? words.privacyPage.noDate : words.form.deleteAt(writing.time(privacy.deleteAt))
    }</p></section>
<section class="card quiet"><h2>${words.rules.family}</h2><p>${words.rules.familyText}</p></section>`,
  };
};
