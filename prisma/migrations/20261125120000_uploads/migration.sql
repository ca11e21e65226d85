-- Large inputs that clients put into the object store themselves.

CREATE TABLE "upload" (
  "project_id" TEXT NOT NULL,
  "id" UUID NOT NULL,
  "object_key" TEXT NOT NULL,
  "content_type" TEXT NOT NULL,
  "bytes" INTEGER NOT NULL,
  "sha256" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  "completed_at" TIMESTAMPTZ(3),
  "used_at" TIMESTAMPTZ(3),
  "dropped_at" TIMESTAMPTZ(3),
  CONSTRAINT "upload_pkey" PRIMARY KEY ("project_id", "id")
);
CREATE INDEX "upload_unused_idx" ON "upload" ("created_at") WHERE "used_at" IS NULL;
