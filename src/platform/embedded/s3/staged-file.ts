import { randomUUID } from 'node:crypto';
import { link, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeFooter } from './footer.js';

const GATHERED_BYTES = 256 * 1024;

/**
 * A file that nobody can see yet. It is written in the folder of temporary files, sealed when all of it is on disk, and
 * only then given its place; a crash before that leaves a leftover which the next start removes.
 */
export class StagedFile {
  private gathered: Buffer[] = [];
  private gatheredBytes = 0;
  private isSealed = false;
  private isMoved = false;

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
  ) {}

  static async create(folder: string): Promise<StagedFile> {
    const path = join(folder, randomUUID());
    return new StagedFile(path, await open(path, 'wx'));
  }

  /** Small pieces are gathered, so that a small object is one write. */
  async write(piece: Buffer): Promise<void> {
    this.gathered.push(piece);
    this.gatheredBytes += piece.length;
    if (this.gatheredBytes >= GATHERED_BYTES) await this.flush();
  }

  /** After it, content and footer are on disk, come what may. */
  async seal(facts: unknown): Promise<void> {
    await this.write(encodeFooter(facts));
    await this.flush();
    await this.file.datasync();
    this.isSealed = true;
    await this.file.close();
  }

  /** Takes the place of whatever is there. */
  async moveTo(target: string): Promise<void> {
    this.refuseUnsealed();
    await rename(this.path, target);
    this.isMoved = true;
  }

  /** Fails with EEXIST when something is there: the file system decides a race, not a look beforehand. */
  async linkTo(target: string): Promise<void> {
    this.refuseUnsealed();
    await link(this.path, target);
  }

  /** Whatever has become of it, nothing temporary remains. */
  async clear(): Promise<void> {
    if (!this.isSealed) await this.file.close();
    if (!this.isMoved) await rm(this.path, { force: true });
  }

  private refuseUnsealed(): void {
    if (!this.isSealed) throw new Error('A file that is not whole on disk must not become visible.');
  }

  private async flush(): Promise<void> {
    if (this.gatheredBytes > 0) await writeAll(this.file, this.gathered);
    this.gathered = [];
    this.gatheredBytes = 0;
  }
}

/** The system may write less than it was given; the rest has to be offered again. */
async function writeAll(file: FileHandle, pieces: readonly Buffer[]): Promise<void> {
  const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written);
    written += bytesWritten;
  }
}
