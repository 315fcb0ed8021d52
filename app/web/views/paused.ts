/** The page of a contingency level, in both languages, so that one answer fits all. */
import type { LiveSettings } from '../../../contract/app-contract.ts';
import { type Html, html } from '../template.ts';
import { WORDS, WRITING } from '../words/words.ts';
import { HOME, layout } from './layout.ts';

export const pausedDocument = (settings: LiveSettings, { title, text }: NonNullable<LiveSettings['page']>): Html => {
  const context = {
    campaignId: '',
    language: 'zh-CN',
    words: WORDS['zh-CN'],
    writing: WRITING['zh-CN'],
    isElder: false,
    settings,
    nowMs: 0,
    path: HOME,
  } as const;
  const sections = (['zh-CN', 'en'] as const).map((language) => {
    const heading = html`${settings.title[language]}`;
    return html`<section class="card state" lang="${language}">${
      language === 'zh-CN' ? html`<h1>${heading}</h1>` : html`<p class="strong">${heading}</p>`
    }<h2>${title[language]}</h2><p class="strong">${text[language]}</p><p>${WORDS[language].problem.safe}</p></section>`;
  });
  return layout(context, { title: settings.title['zh-CN'], main: html`${sections}`, isPlain: true });
};
