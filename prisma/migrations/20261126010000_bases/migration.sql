-- Pre-trained models that a project brought; the youngest that is not retired is what its runs stand on.
CREATE TABLE "base_model" (
    "project_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "spec" JSONB NOT NULL,
    "features" INTEGER NOT NULL,
    "bytes" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    "retired_at" TIMESTAMPTZ(3),

    CONSTRAINT "base_model_pkey" PRIMARY KEY ("project_id", "id")
);
CREATE UNIQUE INDEX "base_model_project_id_hash_key" ON "base_model" ("project_id", "hash");
