import { type MouseEvent, useCallback, useSyncExternalStore } from 'react';

const CHANGED = 'flywheel:url';

export type Query = Readonly<Record<string, string>>;

/** Goes to another query of this page; empty values are left out. */
export function go(query: Record<string, string | undefined>, { replace = false } = {}): void {
  const url = hrefOf(query);
  if (replace) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  dispatchEvent(new Event(CHANGED));
}

function hrefOf(query: Record<string, string | undefined>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return `/?${new URLSearchParams(given).toString()}`;
}

/** What makes a link of this page: an address to open elsewhere, and a way there without a reload. */
export function follow(query: Record<string, string | undefined>) {
  const onClick = (event: MouseEvent<HTMLElement>): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(query);
  };
  return { href: hrefOf(query), onClick };
}

/** What the page shows is its address alone, so that every view can be sent to a colleague. */
export function useQueryString(): { query: Query; set: (changes: Record<string, string | undefined>) => void } {
  const search = useSyncExternalStore(subscribe, () => location.search);
  const query = Object.fromEntries(new URLSearchParams(search));
  const set = useCallback(
    (changes: Record<string, string | undefined>) =>
      go({ ...Object.fromEntries(new URLSearchParams(location.search)), ...changes }, { replace: true }),
    [],
  );
  return { query, set };
}

function subscribe(notify: () => void): () => void {
  addEventListener('popstate', notify);
  addEventListener(CHANGED, notify);
  return () => {
    removeEventListener('popstate', notify);
    removeEventListener(CHANGED, notify);
  };
}
