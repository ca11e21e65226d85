-- A champion against the model it replaced, on random audits verified since it serves; by the promotion that put it there.
CREATE TABLE "champion_watch" (
    "promotion_id" UUID NOT NULL,
    "project_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "against" INTEGER NOT NULL,
    "verdict" TEXT NOT NULL,
    "samples" INTEGER NOT NULL,
    "wins" INTEGER NOT NULL,
    "losses" INTEGER NOT NULL,
    "watched_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "champion_watch_pkey" PRIMARY KEY ("promotion_id")
);
CREATE INDEX "champion_watch_project_id_version_idx" ON "champion_watch" ("project_id", "version");
