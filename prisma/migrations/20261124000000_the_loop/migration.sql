-- The loop's tables, in loop order.

CREATE TABLE "prediction" (
  "project_id" TEXT NOT NULL,
  "id" TEXT NOT NULL,
  "seq" BIGSERIAL NOT NULL,
  "external_id" TEXT,
  "body_hash" TEXT NOT NULL,
  "content_hash" TEXT NOT NULL,
  "group_hash" TEXT NOT NULL,
  "split" TEXT NOT NULL,
  "input_kind" TEXT NOT NULL,
  "preview" TEXT NOT NULL,
  "model_name" TEXT,
  "model_version" TEXT NOT NULL,
  "label" TEXT NOT NULL,
  "confidence" DOUBLE PRECISION,
  "margin" DOUBLE PRECISION,
  "subject" TEXT,
  "attributes" JSONB,
  "occurred_at" TIMESTAMPTZ(3) NOT NULL,
  "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "batch_id" BIGINT NOT NULL,
  "batch_line" INTEGER NOT NULL,
  CONSTRAINT "prediction_pkey" PRIMARY KEY ("project_id", "id")
);
CREATE INDEX "prediction_project_id_seq_idx" ON "prediction" ("project_id", "seq");

CREATE TABLE "prediction_conflict" (
  "seq" BIGSERIAL NOT NULL,
  "project_id" TEXT NOT NULL,
  "prediction_id" TEXT NOT NULL,
  "body_hash" TEXT NOT NULL,
  "body" TEXT NOT NULL,
  "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "prediction_conflict_pkey" PRIMARY KEY ("seq")
);
CREATE UNIQUE INDEX "prediction_conflict_project_id_prediction_id_body_hash_key" ON "prediction_conflict" ("project_id", "prediction_id", "body_hash");

CREATE TABLE "payload_batch" (
  "id" BIGSERIAL NOT NULL,
  "project_id" TEXT NOT NULL,
  "samples" INTEGER NOT NULL,
  "bytes" INTEGER NOT NULL,
  "pack_id" UUID,
  "first_line" INTEGER,
  "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "payload_batch_pkey" PRIMARY KEY ("id")
);

-- One partition a day (UTC), made ahead and dropped whole by the capture stage.
CREATE TABLE "payload" (
  "received_at" TIMESTAMPTZ(3) NOT NULL,
  "batch_id" BIGINT NOT NULL,
  "body" TEXT NOT NULL,
  CONSTRAINT "payload_pkey" PRIMARY KEY ("received_at", "batch_id")
) PARTITION BY RANGE ("received_at");
-- Short-lived: compressing a batch would cost more than all else of its insertion.
ALTER TABLE "payload" ALTER COLUMN "body" SET STORAGE EXTERNAL;

CREATE TABLE "pack" (
  "id" UUID NOT NULL,
  "project_id" TEXT NOT NULL,
  "object_key" TEXT NOT NULL,
  "samples" INTEGER NOT NULL DEFAULT 0,
  "bytes" INTEGER NOT NULL DEFAULT 0,
  "sha256" TEXT,
  "block_offsets" INTEGER[] NOT NULL DEFAULT ARRAY[]::INTEGER[],
  "reserved_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "stored_at" TIMESTAMPTZ(3),
  CONSTRAINT "pack_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "ledger" (
  "project_id" TEXT NOT NULL,
  "source" TEXT NOT NULL,
  "received" BIGINT NOT NULL DEFAULT 0,
  "stored" BIGINT NOT NULL DEFAULT 0,
  "duplicate" BIGINT NOT NULL DEFAULT 0,
  "conflict" BIGINT NOT NULL DEFAULT 0,
  "rejected" BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT "ledger_pkey" PRIMARY KEY ("project_id", "source")
);

CREATE TABLE "feedback" (
  "project_id" TEXT NOT NULL,
  "id" TEXT NOT NULL,
  "seq" BIGSERIAL NOT NULL,
  "prediction_id" TEXT,
  "external_id" TEXT,
  "kind" TEXT NOT NULL,
  "label" TEXT,
  "not_label" TEXT,
  "rating" DOUBLE PRECISION,
  "comment" TEXT,
  "rater_id" TEXT NOT NULL,
  "rater_role" TEXT NOT NULL,
  "body_hash" TEXT NOT NULL,
  "key_id" TEXT,
  "client" TEXT,
  "occurred_at" TIMESTAMPTZ(3) NOT NULL,
  "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "joined_at" TIMESTAMPTZ(3),
  CONSTRAINT "feedback_pkey" PRIMARY KEY ("project_id", "id")
);

CREATE TABLE "feedback_conflict" (
  "seq" BIGSERIAL NOT NULL,
  "project_id" TEXT NOT NULL,
  "feedback_id" TEXT NOT NULL,
  "body_hash" TEXT NOT NULL,
  "body" TEXT NOT NULL,
  "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "feedback_conflict_pkey" PRIMARY KEY ("seq")
);
CREATE UNIQUE INDEX "feedback_conflict_project_id_feedback_id_body_hash_key" ON "feedback_conflict" ("project_id", "feedback_id", "body_hash");

CREATE TABLE "feedback_ledger" (
  "project_id" TEXT NOT NULL,
  "received" BIGINT NOT NULL DEFAULT 0,
  "stored" BIGINT NOT NULL DEFAULT 0,
  "parked" BIGINT NOT NULL DEFAULT 0,
  "duplicate" BIGINT NOT NULL DEFAULT 0,
  "conflict" BIGINT NOT NULL DEFAULT 0,
  "rejected" BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT "feedback_ledger_pkey" PRIMARY KEY ("project_id")
);

CREATE TABLE "sample" (
  "project_id" TEXT NOT NULL,
  "prediction_id" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "label" TEXT,
  "support" INTEGER NOT NULL DEFAULT 0,
  "candidates" TEXT[],
  "not_labels" TEXT[],
  "split" TEXT NOT NULL,
  "revision" BIGINT NOT NULL,
  "labelled_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "sample_pkey" PRIMARY KEY ("project_id", "prediction_id")
);

CREATE TABLE "review" (
  "id" UUID NOT NULL,
  "project_id" TEXT NOT NULL,
  "sample_id" TEXT NOT NULL,
  "rater_id" TEXT NOT NULL,
  "reason" TEXT NOT NULL,
  "probability" DOUBLE PRECISION NOT NULL,
  "leased_until" TIMESTAMPTZ(3) NOT NULL,
  "decision" TEXT,
  "decided_at" TIMESTAMPTZ(3),
  CONSTRAINT "review_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "review_project_id_sample_id_key" ON "review" ("project_id", "sample_id");

CREATE TABLE "dataset_snapshot" (
  "id" UUID NOT NULL,
  "project_id" TEXT NOT NULL,
  "run_id" UUID,
  "trigger" TEXT NOT NULL,
  "reason" TEXT NOT NULL,
  "manifest_key" TEXT NOT NULL,
  "sha256" TEXT NOT NULL,
  "train_count" INTEGER NOT NULL,
  "holdout_count" INTEGER NOT NULL,
  "new_labels" INTEGER NOT NULL,
  "label_counts" JSONB NOT NULL,
  "cut" BIGINT NOT NULL,
  "parent_id" UUID,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "dataset_snapshot_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "dataset_snapshot_run_id_key" ON "dataset_snapshot" ("run_id");
CREATE INDEX "dataset_snapshot_project_id_created_at_idx" ON "dataset_snapshot" ("project_id", "created_at");

CREATE TABLE "training_run" (
  "id" UUID NOT NULL,
  "project_id" TEXT NOT NULL,
  "snapshot_id" UUID,
  "trigger" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "attempt" INTEGER NOT NULL DEFAULT 0,
  "progress" DOUBLE PRECISION NOT NULL DEFAULT 0,
  "note" TEXT,
  "error" TEXT,
  "seed" INTEGER NOT NULL,
  "model_version" INTEGER,
  "cancelled_by" TEXT,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "started_at" TIMESTAMPTZ(3),
  "heartbeat_at" TIMESTAMPTZ(3),
  "finished_at" TIMESTAMPTZ(3),
  CONSTRAINT "training_run_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "training_run_project_id_created_at_idx" ON "training_run" ("project_id", "created_at");

CREATE TABLE "model_version" (
  "project_id" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "run_id" UUID NOT NULL,
  "snapshot_id" UUID NOT NULL,
  "parent" INTEGER,
  "kind" TEXT NOT NULL,
  "labels" TEXT[],
  "prefix" TEXT NOT NULL,
  "sha256" TEXT NOT NULL,
  "bytes" INTEGER NOT NULL,
  "seed" INTEGER NOT NULL,
  "backend" TEXT NOT NULL,
  "code_version" TEXT NOT NULL,
  "metrics" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "model_version_pkey" PRIMARY KEY ("project_id", "version")
);
CREATE UNIQUE INDEX "model_version_run_id_key" ON "model_version" ("run_id");

CREATE TABLE "evaluation" (
  "project_id" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "champion" INTEGER,
  "snapshot_id" UUID NOT NULL,
  "report" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "evaluation_pkey" PRIMARY KEY ("project_id", "version")
);

CREATE TABLE "promotion" (
  "id" UUID NOT NULL,
  "project_id" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "promoted" BOOLEAN NOT NULL,
  "from_version" INTEGER,
  "to_version" INTEGER NOT NULL,
  "reason" TEXT NOT NULL,
  "numbers" JSONB NOT NULL,
  "actor" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "promotion_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "promotion_project_id_created_at_idx" ON "promotion" ("project_id", "created_at");

CREATE TABLE "model_alias" (
  "project_id" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "fence" BIGINT NOT NULL DEFAULT 0,
  "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "model_alias_pkey" PRIMARY KEY ("project_id", "name")
);

CREATE TABLE "project" (
  "id" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "settings" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "project_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "api_key" (
  "id" UUID NOT NULL,
  "project_id" TEXT,
  "name" TEXT NOT NULL,
  "prefix" TEXT NOT NULL,
  "hash" TEXT NOT NULL,
  "scopes" TEXT[],
  "requests_a_minute" INTEGER,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "revoked_at" TIMESTAMPTZ(3),
  CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "api_key_hash_key" ON "api_key" ("hash");

CREATE TABLE "audit" (
  "seq" BIGSERIAL NOT NULL,
  "project_id" TEXT,
  "actor" TEXT NOT NULL,
  "action" TEXT NOT NULL,
  "facts" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "audit_pkey" PRIMARY KEY ("seq")
);

CREATE TABLE "idempotent_request" (
  "project_id" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "fingerprint" TEXT NOT NULL,
  "status" INTEGER,
  "content_type" TEXT,
  "body" TEXT,
  "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "idempotent_request_pkey" PRIMARY KEY ("project_id", "key")
);
CREATE INDEX "idempotent_request_started_at_idx" ON "idempotent_request" ("started_at");

-- Indexes the schema language cannot say.
CREATE INDEX "prediction_external_id_idx" ON "prediction" ("project_id", "external_id") WHERE "external_id" IS NOT NULL;
CREATE INDEX "payload_batch_open_idx" ON "payload_batch" ("project_id", "id") WHERE "pack_id" IS NULL;
CREATE INDEX "payload_batch_pack_idx" ON "payload_batch" ("pack_id") WHERE "pack_id" IS NOT NULL;
CREATE INDEX "payload_batch_received_idx" ON "payload_batch" ("received_at");
CREATE INDEX "pack_reserved_idx" ON "pack" ("reserved_at") WHERE "stored_at" IS NULL;
CREATE INDEX "feedback_prediction_id_idx" ON "feedback" ("project_id", "prediction_id") WHERE "prediction_id" IS NOT NULL;
CREATE INDEX "feedback_external_id_idx" ON "feedback" ("project_id", "external_id") WHERE "external_id" IS NOT NULL;
CREATE INDEX "feedback_parked_idx" ON "feedback" ("project_id", "seq") WHERE "joined_at" IS NULL;
CREATE INDEX "sample_revision_idx" ON "sample" ("project_id", "revision");
CREATE INDEX "training_run_open_idx" ON "training_run" ("created_at") WHERE "status" IN ('queued', 'running');

-- Grows with every change of a label: "new since the last snapshot" is revision > that snapshot's cut.
CREATE SEQUENCE "label_revision";
