/** The run was told to stop. */
export class TrainingCancelled extends Error {
  override readonly name = 'TrainingCancelled';
  constructor() {
    super('the run was cancelled');
  }
}

/** The run ended without a model for a reason that another attempt may not meet: killed, out of memory. */
export class TrainingFailed extends Error {
  override readonly name = 'TrainingFailed';
  constructor(readonly reason: string) {
    super(reason);
  }
}

/** These samples cannot be trained on, however often it is tried. */
export class TrainingRefused extends Error {
  override readonly name = 'TrainingRefused';
  constructor(readonly reason: string) {
    super(reason);
  }
}

/** A model was asked something of another kind or size than it was trained on. */
export class InputMismatch extends Error {
  override readonly name = 'InputMismatch';
  constructor(
    readonly index: number,
    readonly expected: string,
  ) {
    super(`input ${index}: expected ${expected}`);
  }
}

/** Undefined for an input that cannot be read. */
export const orUnreadable = <Numbers>(read: Promise<Numbers>): Promise<Numbers | undefined> =>
  read.catch((error: unknown) => {
    if (error instanceof InputMismatch) return undefined;
    throw error;
  });

/** The stored files of a model are not what its manifest says. */
export class ModelFilesCorrupt extends Error {
  override readonly name = 'ModelFilesCorrupt';
}
