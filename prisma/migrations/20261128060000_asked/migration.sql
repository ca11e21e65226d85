-- What somebody waits for a person to answer, until when.
CREATE TABLE "asked" (
    "project_id" TEXT NOT NULL,
    "prediction_id" TEXT NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "asked_pkey" PRIMARY KEY ("project_id", "prediction_id")
);
