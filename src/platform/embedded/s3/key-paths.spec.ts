import { describe, expect, it } from 'vitest';
import { bytesOfKey, decodeName, foldersOfPrefix, keyOfBytes, pathOfKey } from './key-paths.js';

const joined = (key: string): string => {
  const { folders, file } = pathOfKey(key);
  return [...folders, file].join('/');
};

describe('where an object lies', () => {
  it.each([
    ['a/b.txt', 'a/b.txt@object'],
    ['a/B.txt', 'a/+b.txt@object'],
    ['a', 'a@object'],
    ['a/', 'a/%@object'],
    ['a//b', 'a/%/b@object'],
    ['../up', '%2e./up@object'],
    ['.', '%2e@object'],
    ['é', '%c3%a9@object'],
    ['a@object', 'a%40object@object'],
    ['a\\b:c', 'a%5cb%3ac@object'],
  ])('%s is %s', (key, path) => expect(joined(key)).toBe(path));

  it('says the key again', () => {
    const key = 'Ünï/+ %2e/..Z';
    const { folders, file } = pathOfKey(key);
    const segments = [...folders, file].map((name) => decodeName(name)!.segment);
    expect(keyOfBytes(segments.join('/'))).toBe(key);
  });

  it('differs for keys that some file systems hold to be the same', () => {
    const keys = ['A', 'a', 'é', 'e\u0301', 'a.', 'a', 'CON'];
    expect(new Set(keys.map((key) => joined(key).toLowerCase())).size).toBe(new Set(keys).size);
  });

  it('is a hash for a key that is too long for a file system', () => {
    expect(joined('x'.repeat(1_024))).toMatch(/^@long\/[0-9a-f]{64}@object$/);
    expect(joined('long/'.repeat(200))).toMatch(/^@long\//);
  });

  it('of others is not taken for ours', () => {
    for (const name of ['.DS_Store', 'Thumbs.db', 'a%2', '@long']) expect(decodeName(name)).toBeUndefined();
  });

  it('has its prefix in the folders above', () => {
    expect(foldersOfPrefix(bytesOfKey('a/B/c'))).toEqual({ folders: ['a', '+b'], text: 'a/B/' });
  });
});
