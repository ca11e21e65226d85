-- On which side of the split each labelled sample is for good, and by what it is found by those that are nearly the same.
CREATE TABLE "sample_side" (
    "project_id" TEXT NOT NULL,
    "sample_id" TEXT NOT NULL,
    "side" TEXT NOT NULL,
    "group_hash" TEXT NOT NULL,
    "keys" INTEGER[] NOT NULL,
    -- What likeness is told from where the preview of the prediction does not say it.
    "sketch" DOUBLE PRECISION[],

    CONSTRAINT "sample_side_pkey" PRIMARY KEY ("project_id", "sample_id")
);
-- Without a list of what is still to be sorted in, which each search would read through.
CREATE INDEX "sample_side_keys_idx" ON "sample_side" USING GIN ("keys") WITH (fastupdate = off);
