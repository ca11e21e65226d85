import { Injectable } from '@nestjs/common';
import { type PostedFeedback, restoredFeedback } from '../core/feedback-row.js';
import { sha256 } from '../core/ids.js';
import type { RevisedLabel } from '../core/label.js';
import { readLine } from '../core/pack-line.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { decodePack, type PackKey, unknownPacks } from '../platform/object-store/packs.js';
import { FeedbackService } from './feedback.service.js';
import { FeedbackRestoreStore } from './restore.store.js';

type Item = PostedFeedback & { readonly id: string; readonly occurredAt: string };

/** Makes feedback and the labels again from the packs in the object store. */
@Injectable()
export class FeedbackRestoreService {
  constructor(
    private readonly store: FeedbackRestoreStore,
    private readonly feedback: FeedbackService,
    private readonly objects: ObjectStore,
  ) {}

  /** Packs whose rows are missing. */
  missing(): Promise<PackKey[]> {
    return unknownPacks(this.objects, 'feedback/', (ids) => this.store.known(ids));
  }

  /** Gives labels that are the same the revisions they had: what was learnt is not new, and what is in quarantine stays in it. */
  restoreRevisions(projectId: string, labels: readonly RevisedLabel[]): Promise<void> {
    return this.store.restoreRevisions(projectId, labels);
  }

  /**
   * Restores one pack and decides the labels it speaks of, once predictions are restored; its project must be there.
   * Tells how much feedback it brought.
   */
  async restore(pack: PackKey): Promise<number> {
    const body = await this.objects.get(pack.objectKey);
    const said = decodePack(body).map((line) => readLine<Item>(line));
    const rows = said.map((line) => ({ ...restoredFeedback(line), seq: line.seq!, receivedAt: line.receivedAt! }));
    const answers = said.flatMap(({ item }) => item ?? []);
    await this.store.fixTask(pack.projectId, answers);
    const facts = { lines: rows.length, bytes: body.length, sha256: sha256(body) };
    const ids = await this.store.insert({ ...pack, ...facts }, rows);
    const spokenOf = await this.feedback.lookAgain(pack.projectId, ids);
    await this.store.dateLabels(pack.projectId, spokenOf);
    return ids.length;
  }
}
