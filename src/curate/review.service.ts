import { Injectable } from '@nestjs/common';
import { LoopError } from '../core/errors.js';
import { sha256 } from '../core/ids.js';
import { textLikeness } from '../core/near-duplicates.js';
import { pickReviews, type ReviewPick } from '../core/review.js';
import { answerText } from '../core/task.js';
import { FeedbackIntake, type FeedbackSource } from '../jobs.js';
import { CurateService } from './curate.service.js';
import type { ReviewDecision } from './curate.schema.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { RowCopies } from '../platform/object-store/row-copies.js';
import { type DecidedReview, ReviewStore } from './review.store.js';

const LEASE_SECONDS = 600;
/** Of what somebody waits for: whoever is there may answer it, also after a reload. */
const WAITING_LEASE_SECONDS = 10;

/** What should a person look at next, and what did they say? */
@Injectable()
export class ReviewService {
  private readonly copies: RowCopies<DecidedReview>;

  constructor(
    private readonly store: ReviewStore,
    private readonly samples: CurateService,
    private readonly intake: FeedbackIntake,
    objects: ObjectStore,
  ) {
    this.copies = new RowCopies(objects, 'reviews/', ({ projectId, sampleId }) => `${projectId}/${sha256(sampleId)}`);
  }

  /**
   * Up to n items, leased to the rater, each with why and with what probability it was chosen, and until when somebody
   * waits for it, where somebody does.
   */
  async next(projectId: string, n: number, raterId: string) {
    await this.store.attend(projectId);
    const { auditShare } = await this.store.settings(projectId);
    const candidates = await this.store.candidates(projectId, n);
    // After them: what somebody waits for is noted before it is captured, so that it cannot be among them alone.
    const waiting = await this.store.waiting(projectId, n);
    const isLikeAny = likenessOf(await this.store.previews(projectId, candidates));
    const picks = pickReviews({ ...candidates, waiting: [...waiting.keys()] }, n, auditShare, { isLikeAny });
    const leased = await this.store.lease(projectId, picks, raterId, leaseSeconds);
    const items = picks
      .filter(({ sampleId }) => leased.has(sampleId))
      .map(async (pick) => {
        const sample = await this.samples.read(projectId, pick.sampleId);
        return { ...pick, sample, ...(pick.reason === 'waiting' && { waitsUntil: waiting.get(pick.sampleId) }) };
      });
    return { items: await Promise.all(items) };
  }

  /** A reviewer's decision is feedback of an annotator like any other. */
  async decide(source: FeedbackSource, sampleId: string, decision: ReviewDecision & { rater: string }) {
    const { projectId } = source;
    await this.store.attend(projectId);
    const { predicted } = await this.samples.read(projectId, sampleId);
    const { rater, kind = 'correction', ...said } = decision;
    if (predicted === null && (kind === 'accept' || kind === 'reject')) {
      const detail = 'speaks of an answer, and nothing has answered this yet: say what it is';
      throw new LoopError('invalid-request', `/kind ${detail}.`, [{ pointer: '/kind', detail }]);
    }
    const item = { ...said, kind, predictionId: sampleId, rater: { id: rater, role: 'annotator' } };
    const [outcome] = await this.intake.accept(source, [item]);
    if (outcome!.status === 'rejected')
      throw new LoopError('invalid-request', 'The decision is wrong.', outcome!.errors);
    const agreed = agreement(kind, answerText(said) ?? predicted, predicted);
    // Without it, `rebuild` would forget which samples are golden.
    await this.copies.keep(await this.store.decided(projectId, sampleId, { rater, kind, agreed }));
    return { feedbackId: outcome!.id, sample: await this.samples.read(projectId, sampleId) };
  }

  /** Makes the decisions again whose copies are in the object store and which the database does not know. */
  restoreAll(): Promise<number> {
    return this.copies.restoreAll((review) => this.store.restore(review));
  }
}

const leaseSeconds = ({ reason }: ReviewPick): number => (reason === 'waiting' ? WAITING_LEASE_SECONDS : LEASE_SECONDS);

/** Whether a reviewer says the same as the model; null where one of them names no label. */
const agreement = (kind: string, label: string | null, predicted: string | null): boolean | null =>
  predicted !== null && (kind === 'accept' || kind === 'correction') ? label === predicted : null;

/** Whether an item is nearly the same text as one of the others. */
function likenessOf(previews: ReadonlyMap<string, string>): (id: string, others: Iterable<string>) => boolean {
  const index = new Map([...previews.keys()].map((id, i) => [id, i]));
  const isAlike = textLikeness([...previews.values()]);
  return (id, others) => {
    const own = index.get(id);
    return own !== undefined && [...others].some((other) => index.has(other) && isAlike(own, index.get(other)!));
  };
}
