import { z } from 'zod';

const reason = z.string().min(1).max(500);

/** A promotion of what the gate did not promote overrules it, so it says why. */
export const PromoteOrder = z.strictObject({ reason: reason.optional() }).nullish();

export const ReleaseOrder = z.strictObject({ reason });

export const RollbackOrder = z.strictObject({ reason: reason.default('rolled back by hand') }).nullish();

export const VersionParam = z.coerce.number().int().min(1).max(2_147_483_647);
