-- Whom to believe where people say different things about the same sample.
CREATE TABLE "crowd" (
    "project_id" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "gain" DOUBLE PRECISION NOT NULL,
    -- By role and rater.
    "trust" JSONB NOT NULL,
    -- The latest feedback that was looked at.
    "seq" BIGINT NOT NULL,
    "judged_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "crowd_pkey" PRIMARY KEY ("project_id")
);

-- The label that is likeliest where those who decide say different things, and whether it was decided by that.
ALTER TABLE "sample" ADD COLUMN "suggested" TEXT;
ALTER TABLE "sample" ADD COLUMN "belief" DOUBLE PRECISION;
ALTER TABLE "sample" ADD COLUMN "is_by_trust" BOOLEAN NOT NULL DEFAULT false;

-- The latest feedback of a project, without reading all of it.
CREATE INDEX "feedback_seq_idx" ON "feedback" ("project_id", "seq");
