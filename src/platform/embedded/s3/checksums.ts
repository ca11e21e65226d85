import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;
export type ChecksumAlgorithm = (typeof ALGORITHMS)[number];

/** A checksum as S3 keeps it. COMPOSITE is one over the checksums of the parts of a multipart upload. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

export interface Hasher {
  update(chunk: Buffer): void;
  digest(): Buffer;
}

export const headerFor = (algorithm: ChecksumAlgorithm) => `x-amz-checksum-${algorithm.toLowerCase()}`;

/** The algorithm that a header or a trailer speaks of. */
export function algorithmNamed(name: string | undefined): ChecksumAlgorithm | undefined {
  return ALGORITHMS.find((algorithm) => algorithm === name?.toUpperCase());
}

export function hasherFor(algorithm: ChecksumAlgorithm): Hasher {
  switch (algorithm) {
    case 'CRC32':
      return new Crc32();
    case 'CRC32C':
      return new Crc32c();
    case 'CRC64NVME':
      return new Crc64Nvme();
    case 'SHA1':
      return nodeHash('sha1');
    case 'SHA256':
      return nodeHash('sha256');
  }
}

/** How S3 names the checksum of an upload in parts: over the raw checksums of the parts, then the number of parts. */
export function compositeOf(algorithm: ChecksumAlgorithm, parts: readonly Checksum[]): Checksum {
  const hasher = hasherFor(algorithm);
  for (const part of parts) hasher.update(Buffer.from(part.value, 'base64'));
  return { algorithm, value: `${hasher.digest().toString('base64')}-${parts.length}`, type: 'COMPOSITE' };
}

function nodeHash(name: string): Hasher {
  const hash = createHash(name);
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest() };
}

class Crc32 implements Hasher {
  private value = 0;

  update(chunk: Buffer): void {
    this.value = crc32(chunk, this.value);
  }

  digest(): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.value);
    return bytes;
  }
}

const CASTAGNOLI = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

class Crc32c implements Hasher {
  private crc = 0xffffffff;

  update(chunk: Buffer): void {
    let { crc } = this;
    for (let i = 0; i < chunk.length; i += 1) crc = CASTAGNOLI[(crc ^ chunk[i]!) & 255]! ^ (crc >>> 8);
    this.crc = crc;
  }

  digest(): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE((this.crc ^ 0xffffffff) >>> 0);
    return bytes;
  }
}

const NVME_POLYNOMIAL = 0x9a6c9329ac4bc9b5n;
const NVME = Array.from({ length: 256 }, (_, byte) => {
  let crc = BigInt(byte);
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ NVME_POLYNOMIAL : crc >> 1n;
  return crc;
});
const NVME_HIGH = Uint32Array.from(NVME, (crc) => Number(crc >> 32n));
const NVME_LOW = Uint32Array.from(NVME, (crc) => Number(crc & 0xffffffffn));

/** In two halves of 32 bits, as BigInt arithmetic per byte would be a hundred times slower. */
class Crc64Nvme implements Hasher {
  private high = 0xffffffff;
  private low = 0xffffffff;

  update(chunk: Buffer): void {
    let { high, low } = this;
    for (let i = 0; i < chunk.length; i += 1) {
      const row = (low ^ chunk[i]!) & 255;
      low = NVME_LOW[row]! ^ ((low >>> 8) | (high << 24));
      high = NVME_HIGH[row]! ^ (high >>> 8);
    }
    this.high = high;
    this.low = low;
  }

  digest(): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE((this.high ^ 0xffffffff) >>> 0, 0);
    bytes.writeUInt32BE((this.low ^ 0xffffffff) >>> 0, 4);
    return bytes;
  }
}
