import type { Client } from './flywheel.js';

/** What a reviewer is asked, as far as tests look at it. */
export interface ReviewItem {
  readonly sampleId: string;
  readonly reason: string;
  readonly isBlind: boolean;
  readonly waitsUntil?: string;
  readonly sample: { readonly preview: string; readonly predicted: string | null };
}

/** Up to n items of the review queue, leased from now on. */
export const nextItems = async (client: Client, n = 10): Promise<readonly ReviewItem[]> =>
  ((await client.get(`/v1/review/next?n=${n}`).expect(200)).body as { items: ReviewItem[] }).items;

/** All there is to review, asked for until nothing new comes. */
export async function everyItem(client: Client): Promise<readonly ReviewItem[]> {
  const items: ReviewItem[] = [];
  for (;;) {
    const more = await nextItems(client, 50);
    if (more.length === 0) return items;
    items.push(...more);
  }
}
