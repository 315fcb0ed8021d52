/** A browser without a page: cookies by host and path, and redirects one after the other. A real Chromium: test/helpers/chromium.ts. */
export interface Visited {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

interface Cookie {
  readonly host: string;
  readonly path: string;
  readonly value: string;
}

const MOST_HOPS = 12;

export const createBrowser = ({ accept = 'text/html' }: { readonly accept?: string } = {}) => {
  const cookies = new Map<string, Cookie>();
  const keep = (url: URL, header: string): void => {
    const [pair = '', ...attributes] = header.split(';').map((part) => part.trim());
    const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    const path = attributes.find((one) => /^path=/i.test(one))?.slice('path='.length) ?? '/';
    const key = `${url.host} ${path} ${name}`;
    if (attributes.some((one) => /^max-age=0$/i.test(one))) cookies.delete(key);
    else cookies.set(key, { host: url.host, path, value: `${name}=${value}` });
  };
  const get = async (url: URL): Promise<Visited> => {
    const cookie = [...cookies.values()]
      .filter(({ host, path }) => host === url.host && url.pathname.startsWith(path))
      .map(({ value }) => value)
      .join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { accept, cookie } });
    for (const header of response.headers.getSetCookie()) keep(url, header);
    return { url, status: response.status, headers: response.headers, text: await response.text() };
  };
  return {
    cookies,
    get: (url: string | URL) => get(new URL(url)),
    /** Follows redirects to the first page. @param until an address that is not visited any more */
    async visit(url: string | URL, until = ''): Promise<Visited> {
      let visited = await get(new URL(url));
      for (let hops = 0; hops < MOST_HOPS; hops += 1) {
        const location = visited.headers.get('location');
        if (location === null) return visited;
        const next = new URL(location, visited.url);
        if (until !== '' && next.href.startsWith(until)) return { ...visited, url: next };
        visited = await get(next);
      }
      throw new Error('too many redirects');
    },
  };
};
export type Browser = ReturnType<typeof createBrowser>;
