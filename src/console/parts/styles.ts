/** Addresses of the styles that are loaded on demand, by the names of their files, as they were built. */
declare const STYLE_URLS: Readonly<Record<string, string>>;

/** Styles that only some pages need. */
export type StyleName = 'page' | 'chart' | 'sweep' | 'dialog' | 'team';

const loading = new Map<StyleName, Promise<void>>();

/** Resolves when the style holds. Rejects when it could not be loaded; the next call tries again. */
export function loadStyle(name: StyleName): Promise<void> {
  const known = loading.get(name);
  if (known !== undefined) return known;
  // The page came with those that it needs at once.
  if (document.querySelector(`style[data-of=${name}]`) !== null) return Promise.resolve();
  const link = document.createElement('link');
  const loaded = new Promise<void>((resolve, reject) => {
    link.addEventListener('load', () => resolve());
    link.addEventListener('error', () => {
      loading.delete(name);
      link.remove();
      reject(new Error(`the style of this page could not be loaded: ${STYLE_URLS[name]}`));
    });
  });
  loading.set(name, loaded);
  link.rel = 'stylesheet';
  link.href = STYLE_URLS[name] ?? '';
  document.head.append(link);
  return loaded;
}
