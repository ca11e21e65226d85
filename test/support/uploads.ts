import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { Client } from './flywheel.js';

export interface UploadOrder {
  readonly id: string;
  readonly blob: string;
  readonly put: { url: string; headers: Record<string, string> };
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export async function orderUpload(client: Client, bytes: Buffer, contentType: string): Promise<UploadOrder> {
  const { body } = await client
    .post('/v1/uploads', { contentType, bytes: bytes.length, sha256: sha256(bytes) })
    .expect(201);
  return body as UploadOrder;
}

export const putUpload = ({ put: { url, headers } }: UploadOrder, bytes: Buffer, over: Record<string, string> = {}) =>
  fetch(url, { method: 'PUT', headers: { ...headers, ...over }, body: new Uint8Array(bytes) });

/** Ordered, put and complete: predictions may name its blob. */
export async function upload(client: Client, bytes: Buffer, contentType: string): Promise<UploadOrder> {
  const ordered = await orderUpload(client, bytes, contentType);
  expect((await putUpload(ordered, bytes)).status).toBe(200);
  await client.post(`/v1/uploads/${ordered.id}/complete`).expect(200);
  return ordered;
}
