/** Values of options, read strictly: an error names the valid values. */
import { InvalidArgumentError } from 'commander';

export const oneOf =
  <T extends string>(known: readonly T[], what: string) =>
  (text: string): T => {
    const found = known.find((name) => name === text);
    if (found === undefined)
      throw new InvalidArgumentError(`There is no ${what} "${text}"; use one of ${known.join(', ')}.`);
    return found;
  };
