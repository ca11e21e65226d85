-- Labels of a batch whose model would have done harm: they are learnt from again when somebody has looked.
CREATE TABLE "quarantine" (
    "id" UUID NOT NULL,
    "project_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "after_revision" BIGINT NOT NULL,
    "to_revision" BIGINT NOT NULL,
    "reason" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    "released_at" TIMESTAMPTZ(3),
    "released_by" TEXT,
    "release_reason" TEXT,

    CONSTRAINT "quarantine_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "quarantine_project_id_version_key" ON "quarantine" ("project_id", "version");

-- Golden samples are found by when they were verified.
CREATE INDEX "review_golden_idx" ON "review" ("project_id", "decided_at") WHERE "reason" = 'audit';
