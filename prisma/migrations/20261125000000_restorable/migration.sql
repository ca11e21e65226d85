-- So that packs alone are enough to make the rows again: which lines of a batch were not accepted, and feedback in packs.

ALTER TABLE "payload_batch" ADD COLUMN "skipped" INTEGER[];

-- Accepted feedback on its way into a pack; a row goes when its pack is stored.
CREATE TABLE "feedback_outbox" (
  "id" BIGSERIAL NOT NULL,
  "project_id" TEXT NOT NULL,
  "lines" INTEGER NOT NULL,
  "body" TEXT NOT NULL,
  "pack_id" UUID,
  "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "feedback_outbox_pkey" PRIMARY KEY ("project_id", "id")
);

CREATE INDEX "feedback_outbox_pack_idx" ON "feedback_outbox" ("pack_id") WHERE "pack_id" IS NOT NULL;

CREATE TABLE "feedback_pack" (
  "id" UUID NOT NULL,
  "project_id" TEXT NOT NULL,
  "object_key" TEXT NOT NULL,
  "lines" INTEGER NOT NULL,
  "bytes" INTEGER NOT NULL DEFAULT 0,
  "sha256" TEXT,
  "reserved_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "stored_at" TIMESTAMPTZ(3),
  CONSTRAINT "feedback_pack_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "feedback_pack_reserved_idx" ON "feedback_pack" ("reserved_at") WHERE "stored_at" IS NULL;

-- Feedback that came before there were packs of it.
INSERT INTO "feedback_outbox" ("project_id", "lines", "body", "received_at")
SELECT "project_id", 1, json_build_object('seq', "seq", 'keyId', "key_id", 'client', "client", 'hash', "body_hash", 'made', '[]'::json,
  'feedback', json_strip_nulls(json_build_object(
    'id', "id", 'predictionId', "prediction_id", 'externalId', "external_id", 'kind', "kind", 'label', "label",
    'notLabel', "not_label", 'rating', "rating", 'comment', "comment", 'rater', json_build_object('id', "rater_id", 'role', "rater_role"),
    'occurredAt', to_char("occurred_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))))::text, "received_at"
FROM "feedback" ORDER BY "seq";
