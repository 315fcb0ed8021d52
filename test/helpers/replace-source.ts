/** Sabotage changes the product's source while it is loaded, because the product has no such switch. */
import { registerHooks } from 'node:module';

/** @throws Error on loading, when the file does not contain the text any more: then nothing would be sabotaged */
export const replaceSource = (file: string, replacements: Readonly<Record<string, string>>): void => {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(file)) return loaded;
      let source = String(loaded.source);
      for (const [text, by] of Object.entries(replacements)) {
        if (!source.includes(text)) throw new Error(`${url} does not say "${text}" any more: nothing is sabotaged`);
        source = source.replace(text, by);
      }
      return { ...loaded, source };
    },
  });
};
