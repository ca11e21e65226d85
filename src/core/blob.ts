/** Content types of images that a model can be trained on, with the ending of their keys. */
const IMAGES: Readonly<Record<string, string>> = { 'image/png': 'png', 'image/jpeg': 'jpeg', 'image/webp': 'webp' };

export interface BlobFacts {
  readonly projectId: string;
  readonly uploadId: string;
  /** Of the bytes, in hex. */
  readonly sha256: string;
  readonly isImage: boolean;
  readonly contentType: string;
}

/** The key of an uploaded object: all that must be known of it is in its name, so that nothing has to be looked up. */
export const blobKey = (projectId: string, uploadId: string, sha256: string, contentType: string): string =>
  `blobs/${projectId}/${uploadId}-${sha256}.${IMAGES[contentType] ?? 'bin'}`;

/** What a key says; undefined for a text that is no key of ours. */
export function blobFacts(key: string): BlobFacts | undefined {
  const [, projectId, uploadId, sha256, ending] =
    /^blobs\/([a-z0-9-]+)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([0-9a-f]{64})\.([a-z]+)$/.exec(key) ?? [];
  if (!projectId || !uploadId || !sha256) return undefined;
  const image = Object.entries(IMAGES).find(([, name]) => name === ending)?.[0];
  return { projectId, uploadId, sha256, isImage: Boolean(image), contentType: image ?? 'application/octet-stream' };
}
