import { useState } from 'react';

/** Pixels a side in a list; on a fine screen a picture has twice as many. */
const SIDE = 48;

/** Where the picture that a prediction is about is to be had, of at most so many pixels a side. */
export const pictureOf = (id: string, side: number): string =>
  `/v1/predictions/${encodeURIComponent(id)}/picture?side=${side}`;

interface Previewed {
  readonly id: string;
  readonly kind: string;
  /** A few words: the text itself, or what else it is. */
  readonly preview: string;
}

/** What a list shows of an input: a picture where it is one that can be shown, a few words otherwise. */
export function Preview({ id, kind, preview }: Previewed) {
  const [isPicture, setIsPicture] = useState(kind === 'image');
  const words = preview || `(${kind})`;
  if (!isPicture) return words;
  return (
    <img
      className="thumbnail"
      src={pictureOf(id, 2 * SIDE)}
      alt={`${words} ${id}`}
      width={SIDE}
      height={SIDE}
      loading="lazy"
      onError={() => setIsPicture(false)}
    />
  );
}
