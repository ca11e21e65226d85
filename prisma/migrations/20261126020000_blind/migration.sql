-- Whether a reviewer saw the model's answer, and whether they said the same: so that following it blindly can be seen.
ALTER TABLE "review" ADD COLUMN "is_blind" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "review" ADD COLUMN "agreed" BOOLEAN;
UPDATE "review" SET "is_blind" = true WHERE "reason" = 'audit';
