import type { z } from 'zod';

/** One arrow of the loop: a queue of this name, whose every job has this payload. */
export interface JobDefinition<Payload extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly payload: Payload;
  /** Jobs with the same key are one job until it has ended. */
  readonly key: (payload: z.infer<Payload>) => string;
  /** Offered while one with its key is at work, which may have looked already, it comes once more after that one. */
  readonly comesAgain?: true;
}

export type PayloadOf<Job extends JobDefinition> = z.infer<Job['payload']>;

export const defineJob = <Payload extends z.ZodType>(job: JobDefinition<Payload>): JobDefinition<Payload> => job;
