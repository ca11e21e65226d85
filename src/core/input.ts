import { blobFacts } from './blob.js';

/** What a model was asked: exactly one of the kinds. */
export type Input =
  | { readonly text: string }
  | { readonly vector: readonly number[] }
  | { readonly image: { readonly contentType: string; readonly base64: string } }
  | { readonly blob: string };

export type InputKind = 'text' | 'vector' | 'image' | 'blob';

/** Which of the kinds an input is. */
export function kindOf(input: Input): InputKind {
  if ('text' in input) return 'text';
  if ('vector' in input) return 'vector';
  return 'image' in input || uploadedImage(input) ? 'image' : 'blob';
}

/** Where the bytes of an uploaded image lie, and what they are; undefined for any other input. */
export function uploadedImage(input: Input): { readonly key: string; readonly contentType: string } | undefined {
  if (!('blob' in input)) return undefined;
  const facts = blobFacts(input.blob);
  return facts?.isImage ? { key: input.blob, contentType: facts.contentType } : undefined;
}

/** What a person sees of an input in a list: the text itself, or a few words about the rest. At most 280 characters. */
export function previewOf(input: Input): string {
  if ('text' in input) return input.text.slice(0, 280);
  if ('vector' in input)
    return `vector of ${input.vector.length}: ${input.vector.slice(0, 8).join(', ')}`.slice(0, 280);
  if ('image' in input) return input.image.contentType;
  return blobFacts(input.blob)?.contentType ?? input.blob.slice(0, 280);
}
